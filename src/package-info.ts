/** Where this package lies and which version it is. Works from src/, from dist/ and from the programs in it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function rootAbove(folder: string): string {
  const above = dirname(folder);
  return existsSync(join(folder, 'package.json')) || above === folder ? folder : rootAbove(above);
}

/** Absolute path of the package's root folder. */
export const packageRoot: string = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** `version` of package.json. */
export const packageVersion: string = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string })
  .version;
