/** The checksum kept beside a downloaded or built binary, so that a damaged file is not run. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FILE_MODE } from '../../new-files.js';

const recordOf = (binary: string) => `${binary}.sha256`;

/** sha256 of a file in hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Writes `<binary>.sha256` in the form of sha256sum. Returns the sum. */
export async function keepChecksum(binary: string): Promise<string> {
  const sum = await sha256OfFile(binary);
  writeFileSync(recordOf(binary), `${sum}  ${basename(binary)}\n`, { mode: FILE_MODE });
  return sum;
}

/** False when the file changed after its checksum was kept, and no longer has it. True without a kept one. */
export async function matchesKeptChecksum(binary: string): Promise<boolean> {
  let kept: string;
  try {
    // Reading 140 MB at every start is not worth it: only a file written later than its sum is read again.
    if (statSync(binary).mtimeMs <= statSync(recordOf(binary)).mtimeMs) return true;
    kept = readFileSync(recordOf(binary), 'utf8').split(/\s/)[0] ?? '';
  } catch {
    return true;
  }
  return kept === (await sha256OfFile(binary));
}
