// @ts-check
/**
 * Loaded into every Node process of a home by NODE_OPTIONS, so that the product has no hook for tests. In a host it looks up what is planned
 * for the n-th host of the home (`<home>.strokes`), and strikes when its moment comes: SIGKILL for the host, its Temporal server, or both. All
 * moments are seen from inside and before what they name is done, so they do not depend on how busy the machine is.
 *
 * @typedef {'begins' | 'spawns' | `says ${string}` | `asked ${string}` | `stores ${string}`} On
 * @typedef {{ on: On, times?: number, afterMs?: number, strikes: readonly ('host' | 'server')[] }} Stroke
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';

const home = process.env['SWARM_HOME'];
const PLAN = `${home}.strokes`;
const STRUCK = `${home}.struck`;
const HOSTS = `${home}.hosts`;

/** @type {(on: On) => void} */
let seen = () => undefined;

/** @param {Stroke} stroke */
function lieInWait({ on, times = 1, afterMs = 0, strikes }) {
  let left = times;
  seen = (now) => {
    if (now !== on) return;
    left -= 1;
    if (left > 0) return;
    seen = () => undefined;
    if (afterMs > 0) setTimeout(strike, afterMs, strikes);
    else strike(strikes);
  };
}

/** @param {Stroke['strikes']} strikes */
function strike(strikes) {
  const at = Date.now();
  let server = null;
  if (strikes.includes('server')) {
    server = JSON.parse(fs.readFileSync(`${home}/temporal.json`, 'utf8')).pid;
    try {
      process.kill(server, 'SIGKILL');
    } catch {
      server = null;
    }
  }
  fs.appendFileSync(STRUCK, `${JSON.stringify({ at, server, host: strikes.includes('host') })}\n`);
  if (strikes.includes('host')) process.kill(process.pid, 'SIGKILL');
}

function watch() {
  const { writeSync } = fs;
  fs.writeSync = /** @type {any} */ (
    (/** @type {number} */ file, /** @type {any} */ text, /** @type {any[]} */ ...rest) => {
      const said = typeof text === 'string' ? /"msg":"(.*)"/.exec(text)?.[1] : undefined;
      if (said !== undefined) seen(`says ${said}`);
      return writeSync(file, text, ...rest);
    }
  );
  const { spawn } = childProcess;
  childProcess.spawn = /** @type {any} */ (
    (/** @type {any[]} */ ...args) => {
      const child = /** @type {any} */ (spawn)(...args);
      if (args[0] === '/bin/sh') seen('spawns');
      return child;
    }
  );
  syncBuiltinESMExports();
  const { parse } = JSON;
  JSON.parse = (text, ...rest) => {
    const value = parse(text, ...rest);
    if (typeof text === 'string' && text.startsWith('{"type":"')) seen(`asked ${value.type}`);
    return value;
  };
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    for (const { name } of message?.writes ?? []) seen(`stores ${name}`);
    return postMessage.call(this, message, ...rest);
  };
}

if (isMainThread && process.argv[1]?.endsWith('host.js') && fs.existsSync(PLAN)) {
  const before = fs.existsSync(HOSTS) ? fs.readFileSync(HOSTS, 'utf8').trimEnd().split('\n').length : 0;
  fs.appendFileSync(HOSTS, `${process.pid}\n`);
  /** @type {Stroke | undefined} */
  const stroke = JSON.parse(fs.readFileSync(PLAN, 'utf8'))[before];
  if (stroke) {
    watch();
    lieInWait(stroke);
    seen('begins');
  }
}
