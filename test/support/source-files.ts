/** The source files of the repository as the architecture test sees them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maskSource, type SourceImport, sourceImports } from './source-imports.js';

/** Root of the checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface SourceFile {
  /** From the root, with forward slashes: `src/core/names.ts`. */
  path: string;
  /** First folder below src/, or the path itself for a file beside the folders. */
  folder: string;
  lines: number;
  /** Text with comments and strings blanked. */
  code: string;
  imports: ResolvedImport[];
}

export interface ResolvedImport extends SourceImport {
  /** For a relative import: the source file's path from the root. */
  target?: string;
}

/** Paths from the root of the files below a folder that end so; sorted. */
export function pathsUnder(folder: string, endings: readonly string[]): string[] {
  let entries: string[];
  try {
    entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .map((entry) => posix.join(folder, entry.split('\\').join('/')))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .sort();
}

/** `src/core/names.ts` -> `core`; `src/config.ts` -> `src/config.ts`. */
export function folderOf(path: string): string {
  const [, folder = '', ...rest] = path.split('/');
  return rest.length === 0 ? path : folder;
}

/** All TypeScript files below src/, with their imports. */
export function sourceFiles(): SourceFile[] {
  return pathsUnder('src', ['.ts']).map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

/** One file from its path and text. */
export function parseSource(path: string, text: string): SourceFile {
  return {
    path,
    folder: folderOf(path),
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    code: maskSource(text).code,
    imports: sourceImports(text).map((found) =>
      found.specifier.startsWith('.')
        ? { ...found, target: posix.join(posix.dirname(path), found.specifier).replace(/\.js$/, '.ts') }
        : found,
    ),
  };
}
