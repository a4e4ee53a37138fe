import { describe, expect, it } from 'vitest';
import { FOLDERS, folderCycles, folderViolations, loadedPackages, packageViolations } from './support/import-rules.js';
import { parseSource, pathsUnder, type SourceFile, sourceFiles } from './support/source-files.js';
import { lineAt } from './support/source-imports.js';

const files = sourceFiles();
const TS = ['.ts'];
const CODE = ['.ts', '.mjs'];

/** Places in the code (not in comments or strings) that match, as `file:line text`. */
function places(sources: readonly SourceFile[], pattern: RegExp): string[] {
  return sources.flatMap((file) =>
    [...file.code.matchAll(pattern)].map((match) => `${file.path}:${lineAt(file.code, match.index)} ${match[0].trim()}`),
  );
}

describe('imports of src/', () => {
  it('relative imports: every one -> names a source file that exists', () => {
    const known = new Set(files.map((file) => file.path));
    expect(files.length).toBeGreaterThan(0);
    expect(
      files.flatMap((file) =>
        file.imports
          .filter((found) => found.target !== undefined && !known.has(found.target))
          .map((found) => `${file.path}:${found.line} imports ${found.specifier}`),
      ),
    ).toEqual([]);
  });

  it('between folders: any import, of types too -> is in the import table', () => {
    expect(folderViolations(files)).toEqual([]);
  });

  it('packages: any import -> is not banned in its folder, and third-party seams have one home', () => {
    expect(packageViolations(files)).toEqual([]);
  });

  it('folders: imports, of types too -> go one way, no circles', () => {
    expect(folderCycles(files)).toEqual([]);
  });

  it('wires: code outside of one, or of another one -> loads none of it, but the table of all', () => {
    const wireOf = (path: string) => /^src\/llm\/wires\/([^/]+)\//.exec(path)?.[1];
    const crossing = files
      .filter(({ path }) => path !== 'src/llm/wires/all-wires.ts')
      .flatMap(({ path, imports }) => imports.map(({ target = '' }) => ({ path, target })))
      .filter(({ path, target }) => wireOf(target) !== undefined && wireOf(target) !== wireOf(path));
    expect(crossing.map(({ path, target }) => `${path} imports ${target}`)).toEqual([]);
  });

  it('the library: loading it -> loads no Temporal worker and no model provider', () => {
    const packages = loadedPackages(files, 'src/client/index.ts');
    const banned = [...packages].filter(([name]) => /^@temporalio\/(?:worker|core-bridge)$|^@ai-sdk\//.test(name));
    expect(banned.map(([name, chain]) => `${chain.join(' -> ')} -> ${name}`)).toEqual([]);
  });
});

describe('code of src/', () => {
  it('environment: process.env -> only in src/config.ts', () => {
    const others = files.filter((file) => file.path !== 'src/config.ts');
    expect(places(others, /\bprocess\s*(?:\.\s*env\b|\[)|\benv\b[^;\n]*\}\s*=\s*process\b/g)).toEqual([]);
  });

  it('src/core: I/O, clock, random and timers -> none, they are passed in', () => {
    const core = files.filter((file) => file.folder === 'core');
    expect(
      places(
        core,
        /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.|\bcrypto\.|\bprocess\.|\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\(|\bglobalThis\b/g,
      ),
    ).toEqual([]);
  });

  it('intervals: the wall clock, which somebody may set -> none goes by it', () => {
    // A gRPC deadline is a time of the wall by its contract, and is computed anew for each call.
    const others = files.filter(
      ({ path }) => !['src/temporal-connection.ts', 'src/worker/owners/return-activities.ts'].includes(path),
    );
    const interval =
      /(?<!withDeadline\()\bDate\.now\(\) \+|(?<!=)[<>]=? Date\.now\(\)|\bDate\.now\(\) [<>]|\b(?:since|until|deadline|end) (?:\?\?|\|\|)?= Date\.now\(\)/g;
    expect(places(others, interval)).toEqual([]);
  });

  it("a provider's sentence: regular expressions over it -> none outside src/llm, which says what it means in a failure's fields", () => {
    const reach = ['core', 'activities', 'workflows', 'worker', 'host', 'outputs', 'pricing', 'client', 'cli'];
    // Texts of the command line's parser; our own words before and after what a provider said, and those of a cap.
    const own = ['src/cli/program.ts', 'src/cli/view/failures.ts', 'src/cli/view/next-steps.ts'];
    const others = files.filter(({ path, folder }) => reach.includes(folder) && !own.includes(path));
    const sentence = String.raw`\b(?:\w*[mM]essage|sentence)\b`;
    const search = '(?:match|matchAll|search|replace|replaceAll|split)';
    expect(
      places(others, new RegExp(String.raw`\.(?:test|exec)\([^()\n;]*${sentence}|${sentence}[?!)]*\.${search}\(`, 'g')),
    ).toEqual([]);
  });

  it('console: any use -> only in src/cli', () => {
    expect(
      places(
        files.filter((file) => file.folder !== 'cli'),
        /\bconsole\s*\./g,
      ),
    ).toEqual([]);
  });

  it('modules: require -> none, but to resolve a path', () => {
    expect(places(files, /\brequire\(|\bcreateRequire\([^)]*\)(?!\.resolve\b)/g)).toEqual([]);
  });
});

describe('files and folders', () => {
  it('index.ts: a file of that name -> only where a folder is a public seam', () => {
    const seams = ['src/workflows/index.ts', 'src/activities/index.ts', 'src/client/index.ts'];
    expect(pathsUnder('src', TS).filter((path) => path.endsWith('/index.ts') && !seams.includes(path))).toEqual([]);
  });

  it('length: a source file -> at most 300 lines', () => {
    expect(files.filter((file) => file.lines > 300).map((file) => `${file.path}: ${file.lines} lines`)).toEqual([]);
  });

  it('names: files and folders -> say what is in them', () => {
    const vague = /(?:^|[/.-])(?:utils?|helpers?|managers?|common|misc)(?:[/.-]|$)/;
    const all = ['src', 'test', 'bench', 'scripts'].flatMap((folder) => pathsUnder(folder, CODE));
    expect(all.filter((path) => vague.test(path))).toEqual([]);
  });

  it('files beside the folders of src/: each -> is in the import table', () => {
    const beside = files.filter((file) => file.folder === file.path).map((file) => file.path);
    expect(beside.filter((path) => FOLDERS[path] === undefined)).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const parse = (sources: Record<string, string>): SourceFile[] =>
    Object.entries(sources).map(([path, text]) => parseSource(path, text));

  it('folderViolations: an import against the table, of types too -> named; types of ports and lazy loads as allowed -> free', () => {
    expect(
      folderViolations(
        parse({
          'src/cli/run.ts':
            "import { x } from '../host/lock.js';\nimport type { Y } from '../runs/results.js';\nimport type { Z } from '../store/port/store.js';\nawait import('../host/main.js');\nawait import('../llm/port.js');",
          'src/activities/deps.ts': "import type { S } from '../store/port/store.js';",
          'src/runs/launch.ts': "import { m } from '../workflows/messages.js';\nimport { r } from '../workflows/run.js';",
          'src/odd/thing.ts': '',
        }),
      ),
    ).toEqual([
      'src/cli/run.ts:1 imports ../host/lock.js: cli may load host only lazily, by import()',
      'src/cli/run.ts:3 imports ../store/port/store.js: cli may not import types from store',
      'src/cli/run.ts:5 imports ../llm/port.js: cli may not import values from llm',
      'src/runs/launch.ts:2 imports ../workflows/run.js: runs may not import values from workflows',
      'src/odd/thing.ts: the folder is not in the import table',
    ]);
  });

  it('packageViolations: banned packages, also as types and without node: -> named', () => {
    expect(
      packageViolations(
        parse({
          'src/core/names.ts': "import { join } from 'path';",
          'src/workflows/run.ts': "import type { Stats } from 'node:fs';\nimport { sleep } from '@temporalio/workflow';",
          'src/worker/main.ts': "import { x } from '@ai-sdk/provider';",
        }),
      ),
    ).toEqual([
      'src/core/names.ts:1 imports path: never in core',
      'src/workflows/run.ts:1 imports node:fs: never in workflows',
      'src/worker/main.ts:1 imports @ai-sdk/provider: only llm may',
    ]);
  });

  it('folderCycles: two folders that import each other -> the circle with its files', () => {
    expect(
      folderCycles(
        parse({
          'src/host/main.ts': "import { w } from '../worker/main.js';",
          'src/worker/main.ts': "await import('../host/main.js');",
        }),
      ),
    ).toEqual([
      'host -> worker -> host (src/host/main.ts:1 imports ../worker/main.js; src/worker/main.ts:1 imports ../host/main.js)',
    ]);
  });

  it('loadedPackages: through two files -> the chain; lazily -> not loaded', () => {
    const sources = parse({
      'src/client/index.ts': "export { a } from './a.js';",
      'src/client/a.ts': "import { z } from 'zod';\nawait import('@temporalio/worker');",
    });
    expect([...loadedPackages(sources, 'src/client/index.ts')]).toEqual([['zod', ['src/client/index.ts', 'src/client/a.ts']]]);
  });
});
