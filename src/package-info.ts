/** Where this package lies and which version it is. Works from src/ and from dist/, which are both one level below the root. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Absolute path of the package's root folder, with a slash at its end. */
export const packageRoot: string = fileURLToPath(new URL('../', import.meta.url));

/** `version` of package.json. */
export const packageVersion: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
