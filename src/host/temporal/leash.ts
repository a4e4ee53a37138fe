/**
 * Runs a program that dies with this process, also when this process is killed: a small shell holds the other end of a
 * pipe and ends the program when the pipe closes. On Windows, which has no such shell, the program is run directly.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { serverEnvironment } from '../../config.js';
import { isProcessAlive } from '../../store/process-alive.js';

/** Tries of 0.1 s between the request to end and the kill. */
const GRACE_TENTHS = 50;
/** On top of that, before the shell itself is given up, in ms. */
const GIVE_UP_MS = GRACE_TENTHS * 100 + 2_000;
/** What a program wrote last is on the way for so long after its end at most, in ms. */
const OUTPUT_MS = 500;

// A background job of a non-interactive shell gets /dev/null as its stdin, so the pipe is moved to descriptor 3 first.
// What the program makes is for its user alone: Temporal's database.
const SHELL_PROGRAM = `
umask 077
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
echo "leash $program"
{
  while read -r _ <&3; do :; done
  kill -TERM "$program" 2>/dev/null
  tries=0
  while kill -0 "$program" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt ${GRACE_TENTHS} ]; then kill -KILL "$program" 2>/dev/null; exit; fi
    sleep 0.1
  done
} >/dev/null 2>&1 &
watcher=$!
exec 3<&- >/dev/null 2>&1
wait "$program"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

export interface Leashed {
  /** Pid of the program itself; null until it is known or when it could not be started. */
  readonly pid: number | null;
  /** Resolves when the program has ended and its output is told. Says how. */
  readonly ended: Promise<string>;
  /** Asks it to end, kills it after 5 s. Resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * `onOutput` gets what the program writes to stdout and stderr. `onPid` is called once, before the first output. `env` are variables for
 * it that count where our own environment has none.
 */
export function runLeashed(
  program: string,
  args: readonly string[],
  options: {
    cwd: string;
    env?: Readonly<Record<string, string>>;
    onOutput: (chunk: Buffer) => void;
    onPid: (pid: number) => void;
  },
): Leashed {
  const direct = process.platform === 'win32';
  const env = { ...options.env, ...serverEnvironment() };
  let pid: number | null = null;
  const known = (found: number) => {
    pid = found;
    options.onPid(found);
  };
  const child: ChildProcess = direct
    ? spawn(program, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    : // Its own group: Ctrl-C in a terminal must not end the server before the worker has drained.
      spawn('/bin/sh', ['-c', SHELL_PROGRAM, 'leash', program, ...args], {
        cwd: options.cwd,
        env,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
  if (direct && child.pid !== undefined) known(child.pid);

  let head = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    if (pid !== null) return options.onOutput(chunk);
    head += chunk.toString('utf8');
    // A program that is quick writes before the shell does.
    const line = /^leash (\d+)\n/m.exec(head);
    if (line === null) return;
    known(Number(line[1]));
    const output = head.replace(line[0], '');
    if (output !== '') options.onOutput(Buffer.from(output));
  });
  child.stderr?.on('data', options.onOutput);
  child.stdin?.on('error', () => undefined);

  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      // Without its leash the program would outlive us.
      if (signal !== null && pid !== null && isProcessAlive(pid)) process.kill(pid, 'SIGKILL');
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const late = setTimeout(() => resolve(how), OUTPUT_MS);
      child.once('close', () => {
        clearTimeout(late);
        resolve(how);
      });
    });
  });

  return {
    get pid() {
      return pid;
    },
    ended,
    async stop() {
      if (direct) child.kill();
      else child.stdin?.end();
      const late = setTimeout(() => {
        if (pid !== null && isProcessAlive(pid)) process.kill(pid, 'SIGKILL');
        child.kill('SIGKILL');
      }, GIVE_UP_MS);
      await ended;
      clearTimeout(late);
    },
  };
}
