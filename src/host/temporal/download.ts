/** The official download of the Temporal CLI: a small JSON names the archive for this platform. */
import { execFile } from 'node:child_process';
import { chmodSync, createWriteStream, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import { plainEnvironment } from '../../config.js';
import { keepChecksum } from './checksum.js';
import { CLI_VERSION } from './version.js';

/** Without a network this must fail fast; the archive itself may take long. */
const FIRST_ANSWER_MS = 5_000;
const ARCHIVE_MS = 10 * 60_000;
const PROGRESS_MS = 5_000;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** Address that answers with `{archiveUrl, fileToExtract}`, as the Temporal SDK asks for it. */
export function downloadAddress(platform: string = process.platform, architecture: string = process.arch): string {
  const arch = ARCHITECTURES[architecture];
  const system = PLATFORMS[platform];
  if (arch === undefined || system === undefined) throw new Error(`no download for ${platform} ${architecture}`);
  return `https://temporal.download/cli/v${CLI_VERSION}?arch=${arch}&platform=${system}&format=tar.gz`;
}

function because(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error as Error).message;
}

async function ask(fetchUrl: typeof fetch, url: string, timeoutMs: number): Promise<Response> {
  try {
    const response = await fetchUrl(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response;
  } catch (error) {
    throw new Error(`${new URL(url).host}: ${because(error)}`, { cause: error });
  }
}

/** Downloads to `target`, with its checksum beside it. Throws an Error that says why not; then nothing is left behind. */
export async function downloadTemporal(
  target: string,
  onProgress: (line: string) => void,
  fetchUrl: typeof fetch = fetch,
): Promise<void> {
  const answer = await ask(fetchUrl, downloadAddress(), FIRST_ANSWER_MS);
  const named = (await answer.json()) as { archiveUrl?: unknown; fileToExtract?: unknown };
  if (typeof named.archiveUrl !== 'string' || typeof named.fileToExtract !== 'string') {
    throw new Error('temporal.download: an answer without archiveUrl and fileToExtract');
  }
  if (!/^[\w.-]+$/.test(named.fileToExtract)) throw new Error(`temporal.download: odd file name "${named.fileToExtract}"`);
  const folder = mkdtempSync(join(dirname(target), 'download-'));
  try {
    const archive = join(folder, 'archive.tar.gz');
    const response = await ask(fetchUrl, named.archiveUrl, ARCHIVE_MS);
    if (response.body === null) throw new Error('the archive is empty');
    let bytes = 0;
    const timer = setInterval(() => onProgress(`downloading temporal: ${Math.round(bytes / 1e6)} MB`), PROGRESS_MS);
    try {
      const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
      body.on('data', (chunk: Uint8Array) => {
        bytes += chunk.length;
      });
      await pipeline(body, createWriteStream(archive));
    } finally {
      clearInterval(timer);
    }
    await promisify(execFile)('tar', ['-xzf', archive, '-C', folder, named.fileToExtract], { env: plainEnvironment() });
    const binary = join(folder, named.fileToExtract);
    chmodSync(binary, 0o755);
    renameSync(binary, target);
    await keepChecksum(target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
