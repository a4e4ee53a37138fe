/** The real process as a CliContext, and how it ends. */
import { createInterface } from 'node:readline/promises';
import { setTimeout as timer } from 'node:timers/promises';
import { type Config, calledByNpm, currentFolder, loadConfig, terminalSettings } from '../config.js';
import { EXIT, formatProblem, SwarmError } from '../core/errors.js';
import type { CliContext, StopSignal } from './context.js';
import { spareMemory } from './spare-memory.js';
import { calledAs } from './typed.js';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];
/** Sockets that are still open must not hold the process for longer than this, in ms. */
const LEAVE_MS = 250;

/** True once the command has returned. */
let ending = false;

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = lines.question(question).catch(() => null);
  const closed = new Promise<null>((resolve) => lines.once('close', () => resolve(null)));
  const text = await Promise.race([answer, closed]);
  lines.close();
  // Ctrl-C and Ctrl-D leave the cursor behind the question.
  if (text === null) process.stderr.write('\n');
  return text ?? '';
}

function onSignal(listener: (signal: StopSignal) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, listener);
  };
}

/** A folder that is gone, or a setting that cannot be read, ends the process before anything is done. */
function readSettings(): { cwd: string; config: Config } {
  try {
    const cwd = currentFolder();
    return { cwd, config: loadConfig(undefined, cwd) };
  } catch (error) {
    if (!SwarmError.is(error)) throw error;
    process.stderr.write(`${error.problems.map(formatProblem).join('\n')}\n`);
    process.exit(error.exitCode);
  }
}

/** Call once: it takes over the errors of the standard streams. */
export function processContext(): CliContext {
  const closed = new AbortController();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = EXIT.diskWrite;
    closed.abort();
  });
  process.on('uncaughtException', (error) => {
    // The command has told its result; what connections throw while they close changes nothing.
    if (ending) process.exit();
    process.stderr.write(`E_BUG: ${error.message}; this is a defect, rerun with --debug\n`);
    if (process.argv.includes('--debug')) process.stderr.write(`${error.stack}\n`);
    process.exit(EXIT.bug);
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => undefined);
  const settings = readSettings();
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdinIsTerminal: process.stdin.isTTY === true,
    ...settings,
    command: calledAs(process.argv[1] ?? '', settings.cwd, calledByNpm()),
    terminal: terminalSettings(),
    now: Date.now,
    sleep: (ms, signal) => timer(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    ask,
    onSignal,
    spareMemory,
    stdoutClosed: closed.signal,
  };
}

/** Sets the exit code and lets the process end; ends it when open handles would keep it. */
export function endProcess(code: number): void {
  ending = true;
  process.exitCode = process.exitCode || code;
  const leave = () => {
    if (process.stdout.writableLength > 0 && !process.stdout.destroyed) setTimeout(leave, LEAVE_MS).unref();
    else process.exit();
  };
  setTimeout(leave, LEAVE_MS).unref();
}
