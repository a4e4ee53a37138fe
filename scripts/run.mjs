// @ts-check
/** Runs a child process whose output goes straight to the terminal. */
import { spawn } from 'node:child_process';
import { ROOT } from './paths.mjs';

/**
 * Runs a program in the root of the checkout and waits for it.
 * A SIGTERM, SIGHUP or SIGINT sent to the script is passed on to the child, and the child's end is waited for.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, shell?: boolean }} [options] `env` is added to the environment.
 * @returns {Promise<number>} the exit code; 128 + the signal number when the child was ended by a signal
 */
export function run(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['inherit', 'inherit', 'inherit'],
    shell: options.shell ?? false,
    env: { ...process.env, ...options.env },
  });
  const signals = /** @type {const} */ ({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 });
  const names = /** @type {(keyof typeof signals)[]} */ (Object.keys(signals));
  // On a terminal Ctrl-C reaches the child by itself; a second SIGINT would cut its clean end short.
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const name of names) process.on(name, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of names) process.off(name, pass);
      resolve(code ?? 128 + (signals[/** @type {keyof typeof signals} */ (signal)] ?? 9));
    });
  });
}

/**
 * Runs one of the tools of `TOOLS`, or any script, with this Node.
 * @param {string} script
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv }} [options]
 */
export function runNode(script, args, options = {}) {
  return run(process.execPath, [script, ...args], options);
}
