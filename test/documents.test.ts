/** The documents: what they link to is there, what they promise of themselves holds. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstTask } from '../scripts/first-task.mjs';
import { loadTask } from '../src/intake/load-task.js';
import { readSeeds } from '../src/intake/read-seeds.js';
import { PROVIDER_NOTES } from '../src/schema/provider-notes.js';
import { PROVIDERS } from '../src/schema/providers.js';
import { FOLDERS } from './support/import-rules.js';
import { pathsUnder, root } from './support/source-files.js';

const textOf = (path: string) => readFileSync(join(root, path), 'utf8');
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...pathsUnder('docs', ['.md'])];
/** Code may hold what looks like a link. */
const withoutCode = (text: string) => text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');

/** As GitHub names them. */
function anchorsOf(text: string): Set<string> {
  const titles = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Links of a document to what is not there. */
function brokenLinks(path: string): string[] {
  const targets = [...withoutCode(textOf(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    try {
      const text = textOf(file === '' ? path : normalize(join(dirname(path), file)));
      return anchor !== undefined && !anchorsOf(text).has(anchor);
    } catch {
      return true;
    }
  });
}

/** Files and folders of the repository that a document names as code. */
function missingPaths(path: string): string[] {
  const named = [...textOf(path).matchAll(/`((?:src|test|scripts|bench|examples|tools)\/[\w./-]+)`/g)].map(
    ([, name = '']) => name,
  );
  return named.filter((name) => !existsSync(join(root, name)) && !existsSync(join(root, `${name}.test.ts`)));
}

describe('documents', () => {
  it.each(DOCUMENTS)('paths: %s -> names files of the repository that are there', (path) => {
    expect(missingPaths(path)).toEqual([]);
  });

  it.each(DOCUMENTS)('links: %s -> lead to files and titles that are there', (path) => {
    expect(brokenLinks(path)).toEqual([]);
  });

  it('messages: pages that an error or a help text names -> are there, with the title that is named', () => {
    const named = pathsUnder('src', ['.ts']).flatMap((path) =>
      [...textOf(path).matchAll(/(?<![\w./])docs\/[\w/-]+\.md(?:#[\w-]+)?/g)].map(([target]) => ({ path, target })),
    );
    expect(named.length).toBeGreaterThan(0);
    const broken = named.filter(({ target }) => {
      const [file = '', anchor] = target.split('#');
      return !existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(textOf(file)).has(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('providers: those that are known -> each has words of what is special there', () => {
    expect(Object.keys(PROVIDER_NOTES).sort()).toEqual(Object.keys(PROVIDERS).sort());
  });

  it('reference pages: each of them -> is linked from the README', () => {
    const pages = ['task-reference', 'cli', 'json', 'files', 'errors', 'library', 'providers', 'configuration'];
    expect(pages.filter((name) => !textOf('README.md').includes(`](docs/${name}.md`))).toEqual([]);
  });

  it('docs/how-it-works.md: its length and its pictures -> at most 150 lines, four of them', () => {
    const text = textOf('docs/how-it-works.md');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
    expect(text.match(/^```mermaid$/gm)).toHaveLength(4);
  });

  it('docs/design/layout.md: folders with rules -> each has a row', () => {
    const named = new Set([...textOf('docs/design/layout.md').matchAll(/^\| `([a-z]+)` \|/gm)].map(([, folder]) => folder));
    const notThereYet = ['search', 'daemon'];
    const folders = Object.keys(FOLDERS).filter((folder) => !folder.startsWith('src/') && !notThereYet.includes(folder));
    expect(folders.filter((folder) => !named.has(folder))).toEqual([]);
  });

  it('README.md: its first task and rows, as they stand there -> a task without a problem, three rows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarm-readme-'));
    try {
      const { task, rows } = firstTask(textOf('README.md'));
      writeFileSync(join(folder, 'task.yaml'), task);
      writeFileSync(join(folder, 'reviews.jsonl'), rows);
      const loaded = await loadTask(join(folder, 'task.yaml'));
      const ids: unknown[] = [];
      for await (const { id } of readSeeds({ file: loaded.task.seedsFile }, { prompt: loaded.prompt })) ids.push(id);
      expect(ids).toEqual(['r1', 'r2', 'r3']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
