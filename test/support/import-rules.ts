/** The import table of the layout (docs/design/layout.md) as data, and the checks that read it. */
import { builtinModules } from 'node:module';
import type { ResolvedImport, SourceFile } from './source-files.js';

export interface FolderRule {
  /** Folders, or single files, whose values may be imported. The own folder always may. */
  values: readonly string[];
  /** Folders, or single files, of which types alone may be imported: ports, and what two sides tell each other. */
  types?: readonly string[];
  /** Folders that only a dynamic `import()` may load. */
  lazy?: readonly string[];
  /** Packages that may not be imported, not even as types. `node:` stands for Node's own modules. */
  never?: readonly RegExp[];
}

const NODE = /^node:/;
const TEMPORAL = /^@temporalio\//;

/** Files beside the folders: what the processes share. */
export const SHARED_FILES = [
  'src/config.ts',
  'src/temporal-connection.ts',
  'src/temporal-tls.ts',
  'src/home.ts',
  'src/package-info.ts',
  'src/new-files.ts',
  'src/threads.ts',
] as const;

/** What a client and the host say to each other. */
const HOST_PROTOCOL = 'src/host-protocol.ts';

/** Of them, what the folders that make files may import. */
const NEW_FILES = 'src/new-files.ts';
/** And those that have a thread of their own. */
const THREADS = 'src/threads.ts';

/** Two single files cross: workflows/messages and host-protocol define what the two sides of a connection say. */
export const FOLDERS: Readonly<Record<string, FolderRule>> = {
  schema: { values: [], never: [NODE, TEMPORAL] },
  core: { values: [], types: ['schema'], never: [NODE, TEMPORAL] },
  intake: { values: ['core', 'schema', 'answers', NEW_FILES], types: ['store', 'outputs'], never: [TEMPORAL] },
  llm: { values: ['core', 'schema'], never: [TEMPORAL] },
  answers: { values: ['core', 'schema', THREADS], never: [TEMPORAL] },
  store: { values: ['core', 'schema', NEW_FILES, THREADS], never: [TEMPORAL] },
  outputs: { values: ['core', 'schema', 'store', NEW_FILES], never: [TEMPORAL] },
  pricing: { values: ['core', 'schema'], never: [NODE, TEMPORAL] },
  // The use cases of a run: what the command, the library, the host and plain Temporal share.
  runs: { values: ['core', 'schema', 'intake', 'pricing', 'store', 'outputs', 'src/workflows/messages.ts'] },
  search: { values: ['core', 'schema'], never: [TEMPORAL] },
  activities: { values: ['core'], types: ['schema', 'src/llm/port.ts', 'store', 'workflows'] },
  // Workflow code runs in a sandbox without Node.
  workflows: { values: ['core'], never: [/^(?!@temporalio\/(?:workflow|common)$)/] },
  // The simulated provider of `sim/...` models runs in the process that makes the calls.
  worker: {
    values: ['activities', 'answers', 'llm', 'store', 'outputs', 'search', 'runs', 'pricing', 'core', ...SHARED_FILES],
    types: ['schema', 'src/workflows/messages.ts'],
    lazy: ['simulator'],
  },
  host: { values: ['worker', 'runs', 'store', 'core', HOST_PROTOCOL, ...SHARED_FILES], lazy: ['daemon'] },
  client: { values: ['runs', 'store', 'core', 'schema', HOST_PROTOCOL, ...SHARED_FILES] },
  daemon: { values: ['runs', 'core', 'schema', ...SHARED_FILES] },
  simulator: { values: ['core', 'schema'], never: [TEMPORAL] },
  cli: {
    values: ['client', 'runs', 'core', HOST_PROTOCOL, ...SHARED_FILES],
    lazy: ['daemon', 'host', 'worker', 'simulator'],
  },
  [HOST_PROTOCOL]: { values: ['core', 'store', ...SHARED_FILES] },
  ...Object.fromEntries(SHARED_FILES.map((path) => [path, { values: ['core', ...SHARED_FILES] }])),
};

/** Packages that one folder alone may import: each third-party seam has one home. */
export const SEAMS: readonly { packages: RegExp; folders: readonly string[] }[] = [
  { packages: /^@ai-sdk\//, folders: ['llm'] },
  { packages: /^(?:ajv|ajv-formats|jsonrepair)(?:\/|$)/, folders: ['answers'] },
  { packages: /^(?:kysely|pg)$/, folders: ['store'] },
  // The host's lock is a database lock: the system frees it when the process dies.
  { packages: /^libsql$/, folders: ['store', 'host'] },
  { packages: /^(?:commander|ansis|log-update|string-width)$/, folders: ['cli'] },
];

const BUILT_IN = new Set(builtinModules);

/** `fs` and `node:fs` are one module. */
function canonical(specifier: string): string {
  return BUILT_IN.has(specifier.split('/')[0] ?? '') ? `node:${specifier}` : specifier;
}

const at = (file: SourceFile, found: ResolvedImport): string => `${file.path}:${found.line} imports ${found.specifier}`;

/** Imports between folders that the table does not allow. */
export function folderViolations(files: readonly SourceFile[]): string[] {
  const broken: string[] = [];
  const covers = (list: readonly string[], path: string, folder: string): boolean => list.includes(folder) || list.includes(path);
  for (const file of files) {
    const rule = FOLDERS[file.folder];
    if (!rule) {
      broken.push(`${file.path}: the folder is not in the import table`);
      continue;
    }
    for (const found of file.imports) {
      if (found.specifier === '(computed)')
        broken.push(`${file.path}:${found.line} imports a computed path, which cannot be checked`);
      if (found.target === undefined) continue;
      const folder = found.target.split('/').length === 2 ? found.target : (found.target.split('/')[1] ?? '');
      if (folder === file.folder || covers(rule.values, found.target, folder)) continue;
      if (found.kind === 'type' && covers([...(rule.types ?? []), ...(rule.lazy ?? [])], found.target, folder)) continue;
      if (covers(rule.lazy ?? [], found.target, folder)) {
        if (found.kind === 'value') broken.push(`${at(file, found)}: ${file.folder} may load ${folder} only lazily, by import()`);
        continue;
      }
      broken.push(
        `${at(file, found)}: ${file.folder} may not import ${found.kind === 'type' ? 'types' : 'values'} from ${folder}`,
      );
    }
  }
  return broken;
}

/** Package imports that the table or the seams forbid, types included. */
export function packageViolations(files: readonly SourceFile[]): string[] {
  const broken: string[] = [];
  for (const file of files) {
    for (const found of file.imports) {
      if (found.target !== undefined || found.specifier === '(computed)') continue;
      const name = canonical(found.specifier);
      if (FOLDERS[file.folder]?.never?.some((banned) => banned.test(name))) {
        broken.push(`${at(file, found)}: never in ${file.folder}`);
      }
      const seam = SEAMS.find(({ packages }) => packages.test(name));
      if (seam && !seam.folders.includes(file.folder)) broken.push(`${at(file, found)}: only ${seam.folders.join(', ')} may`);
    }
  }
  return broken;
}

/** Circles of imports between folders, lazy ones and types included: `a -> b -> a`. */
export function folderCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, Map<string, string>>();
  const byPath = new Map(files.map((file) => [file.path, file]));
  for (const file of files) {
    for (const found of file.imports) {
      const to = found.target === undefined ? undefined : byPath.get(found.target)?.folder;
      if (to === undefined || to === file.folder) continue;
      const known = edges.get(file.folder) ?? new Map<string, string>();
      known.set(to, at(file, found));
      edges.set(file.folder, known);
    }
  }
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (folder: string, trail: readonly string[]): void => {
    if (trail.includes(folder)) {
      const circle = [...trail.slice(trail.indexOf(folder)), folder];
      const proof = circle.slice(1).map((to, index) => edges.get(circle[index] ?? '')?.get(to));
      cycles.push(`${circle.join(' -> ')} (${proof.join('; ')})`);
      return;
    }
    if (done.has(folder)) return;
    for (const to of edges.get(folder)?.keys() ?? []) walk(to, [...trail, folder]);
    done.add(folder);
  };
  for (const folder of edges.keys()) walk(folder, []);
  return cycles;
}

/** Packages that loading a file loads, through static imports, each with the chain of files that leads there. */
export function loadedPackages(files: readonly SourceFile[], entry: string): Map<string, string[]> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const packages = new Map<string, string[]>();
  const seen = new Set<string>();
  const visit = (path: string, chain: readonly string[]): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const found of byPath.get(path)?.imports ?? []) {
      if (found.kind !== 'value') continue;
      if (found.target !== undefined) visit(found.target, [...chain, path]);
      else if (!packages.has(found.specifier)) packages.set(found.specifier, [...chain, path]);
    }
  };
  visit(entry, []);
  return packages;
}
