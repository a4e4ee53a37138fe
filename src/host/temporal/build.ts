/** Builds Temporal's programs with a `go` on PATH, from the module in tools/temporal. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { plainEnvironment } from '../../config.js';
import { executable } from './cache.js';
import { keepChecksum } from './checksum.js';
import { CLI_VERSION } from './version.js';

/** A main package of that module and where its program goes; all of one build lie in one folder. */
export interface ProgramToBuild {
  goPackage: string;
  path: string;
}

export interface BuildOptions {
  /** Folder with go.mod and go.sum. */
  moduleFolder: string;
  onProgress: (line: string) => void;
  /** Environment of the build; its PATH is where `go` is looked for. Default the own one without keys. */
  env?: Record<string, string>;
  /** Pause between progress lines, in ms. Default 5,000. */
  progressMs?: number;
  /** Ends the build. */
  signal?: AbortSignal;
}

/** Packages of a build with nothing cached (`go list -deps`: 1,718 for the CLI, 1,682 for the server and its SQL tool); only for the progress line. */
const PACKAGES = 1_700;

function elapsed(since: number): string {
  const seconds = Math.round((performance.now() - since) / 1000);
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}

/** Builds the programs, each with its checksum beside it. Throws an Error with the builder's last lines; then nothing is left behind. */
export async function buildTemporal(
  programs: readonly [ProgramToBuild, ...ProgramToBuild[]],
  options: BuildOptions,
): Promise<void> {
  // A copy: the package's own folder may be read-only, and go may complete go.sum.
  const folder = mkdtempSync(join(dirname(programs[0].path), 'build-'));
  try {
    for (const file of ['go.mod', 'go.sum']) copyFileSync(join(options.moduleFolder, file), join(folder, file));
    const output = join(folder, 'bin');
    mkdirSync(output);
    await runGo(folder, output, programs, options);
    for (const { goPackage, path } of programs) {
      chmodSync(join(output, executable(basename(goPackage))), 0o755);
      renameSync(join(output, executable(basename(goPackage))), path);
      await keepChecksum(path);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runGo(folder: string, output: string, programs: readonly ProgramToBuild[], options: BuildOptions): Promise<void> {
  const packages = programs.map(({ goPackage }) => goPackage);
  const names = programs.map(({ path }) => basename(path)).join(' and ');
  // With the separator go takes it for a folder, whatever the number of programs.
  const flags = ['build', '-v', '-trimpath', '-ldflags', '-s -w', '-o', output + sep, ...packages];
  const env = { ...(options.env ?? plainEnvironment()), GOFLAGS: '-mod=mod', GOWORK: 'off' };
  const since = performance.now();
  let compiled = 0;
  let lastLines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const child = spawn('go', flags, {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      signal: options.signal,
    });
    const timer = setInterval(() => {
      const share = compiled === 0 ? 'fetching modules' : `${compiled} of about ${PACKAGES} packages`;
      options.onProgress(
        `building ${names} ${CLI_VERSION} with go: ${elapsed(since)}, ${share} (once; 7 minutes when go has nothing cached)`,
      );
    }, options.progressMs ?? 5_000);
    const read = (text: string) => {
      const lines = text.split('\n').filter((line) => line !== '');
      compiled += lines.filter((line) => /^[\w.-]+(\/[\w.~-]+)*$/.test(line)).length;
      lastLines = [...lastLines, ...lines].slice(-4);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer);
      reject(new Error(error.code === 'ENOENT' ? 'no go on PATH' : error.message));
    });
    child.once('close', (code, signal) => {
      clearInterval(timer);
      if (code === 0) resolve();
      else reject(new Error(`go build ended with ${signal ?? `code ${code}`} after ${elapsed(since)}: ${lastLines.join(' | ')}`));
    });
  });
}
