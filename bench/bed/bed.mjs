// @ts-check
/** A bed for benchmarks: the simulated provider in its own process, and a home with a host that is up, as a user would have them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesOf, cpuMs, peakMb, resetPeak, runJson } from './processes.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CLI = join(ROOT, 'dist/programs/swarm.js');
/** Rows of one write. */
const ROWS_AT_ONCE = 10_000;

export class Bed {
  folder = mkdtempSync(join(tmpdir(), 'swarm-bench-'));
  home = join(this.folder, 'home');
  /** @type {Record<string, string>} */
  env = { SWARM_HOME: this.home, SWARM_TEMPORAL_PORT: '27233', CI: '1' };
  /** @type {import('node:child_process').ChildProcess | null} */
  #provider = null;
  base = '';

  /** Time from `swarm run` typed, with nothing running, to the arrival of its first call at the provider. */
  async cold() {
    const log = join(this.folder, 'cold.log');
    await this.provider(50, ['--log', log]);
    const folder = join(this.folder, 'cold');
    mkdirSync(folder);
    const task = [
      'name: cold',
      "prompt_template: '{{seed}}'",
      'worker_model: sim-small',
      `worker_api_base: ${this.base}`,
      'seeds_file: rows.txt',
    ];
    writeFileSync(join(folder, 'task.yaml'), task.join('\n'));
    writeFileSync(join(folder, 'rows.txt'), 'one\ntwo\nthree\n');
    const typed = Date.now();
    const code = await this.cli(['run', join(folder, 'task.yaml')]);
    if (code !== 0) throw new Error(`swarm run ended with ${code}`);
    const [first] = readFileSync(log, 'utf8').split('\n');
    await this.cli(['stop']);
    return Number(JSON.parse(first ?? '{}').t) - typed;
  }

  /**
   * Starts the provider with a latency (ms, or a distribution); one that runs is ended first. Returns when it started, ms since the
   * Unix epoch. @param {number | string} latency @param {string[]} more
   */
  async provider(latency, more = []) {
    await this.endProvider();
    const child = spawn(CLI, ['simulate', '--latency', String(latency), ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#provider = child;
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    this.base = String(line).trim();
    return Date.now();
  }

  async startHost() {
    await this.cli(['start']);
  }

  /** A provider, a host, and a run behind them: what is measured next meets no first time. */
  async warmUp() {
    await this.provider(50);
    await this.startHost();
    await this.engine({ name: 'warm-up', seeds: this.rows('warm-up', 500), rows: 500, concurrency: 50, batchSize: 50 });
  }

  /** @param {string[]} args @returns {Promise<number>} */
  async cli(args) {
    const child = spawn(CLI, args, { env: { ...process.env, ...this.env }, stdio: ['ignore', 'ignore', 'ignore'] });
    const [code] = await once(child, 'close');
    return Number(code);
  }

  hostPid() {
    return Number(JSON.parse(readFileSync(join(this.home, 'host.json'), 'utf8')).pid);
  }

  /** Pid of the provider's process. */
  providerPid() {
    return this.#provider?.pid ?? Number.NaN;
  }

  /** Pid of the embedded Temporal server. */
  async temporalPid() {
    const { hostStatus } = await import(join(ROOT, 'dist/client/host/process.js'));
    return Number((await hostStatus({ home: this.home })).temporalPid);
  }

  /** Bytes of Temporal's database, its log included. */
  temporalBytes() {
    const names = readdirSync(this.home).filter((name) => name.startsWith('temporal-') && name.includes('.db'));
    return bytesOf(names.map((name) => join(this.home, name)));
  }

  /** Bytes of the store, its log included. */
  storeBytes() {
    return bytesOf(['store.db', 'store.db-wal'].map((name) => join(this.home, name)));
  }

  /**
   * Rows for a scenario: about 200 characters each, `times` that if it is given.
   * @param {string} name @param {number} count @param {number} [times]
   */
  rows(name, count, times = 1) {
    const file = join(this.folder, `${name}.jsonl`);
    const note = 'a note of ordinary length that a person might want to have answered by a model, with some words more';
    const text = Array.from({ length: times }, () => note).join(' and ');
    writeFileSync(file, '');
    for (let from = 0; from < count; from += ROWS_AT_ONCE) {
      const lines = Array.from({ length: Math.min(ROWS_AT_ONCE, count - from) }, (_, offset) =>
        JSON.stringify({ id: `r${from + offset}`, text: `${name} ${from + offset}: ${text}` }),
      );
      appendFileSync(file, `${lines.join('\n')}\n`);
    }
    return file;
  }

  /**
   * One run of the engine in a program of its own, and what all processes spent on it. `task`: more keys of the task file.
   * It is cancelled after `cancelAfterMs`, or when `until` resolves.
   * @param {{name: string, seeds: string, rows: number, concurrency: number | 'auto', batchSize: number | 'auto',
   *   task?: Record<string, unknown>, cancelAfterMs?: number, until?: Promise<unknown>}} scenario
   */
  async engine(scenario) {
    const host = this.hostPid();
    const temporal = await this.temporalPid();
    await Promise.all([resetPeak(host), resetPeak(temporal)]);
    const before = { host: cpuMs(host), temporal: cpuMs(temporal), bytes: this.temporalBytes() };
    const out = join(this.folder, `${scenario.name}-${Date.now()}`);
    const result = await runJson(
      [
        join(ROOT, 'bench/bed/engine-run.mjs'),
        JSON.stringify({
          task: {
            name: scenario.name,
            prompt_template: '{{text}}',
            worker_model: 'sim-small',
            worker_api_base: this.base,
            workers: scenario.concurrency,
            batch_size: scenario.batchSize,
            worker_max_tokens: 1024,
            checkpoint_every: 1_000_000,
            output_dir: out,
            ...scenario.task,
          },
          seedsFile: scenario.seeds,
          cancelAfterMs: scenario.cancelAfterMs ?? null,
        }),
      ],
      this.env,
      scenario.until,
    );
    const cpu = cpuMs(host) - before.host + cpuMs(temporal) - before.temporal + result.cpuMs;
    return {
      ...result,
      cpuPerRow: cpu / scenario.rows,
      hostCpuPerRow: (cpuMs(host) - before.host) / scenario.rows,
      temporalCpuPerRow: (cpuMs(temporal) - before.temporal) / scenario.rows,
      hostMb: peakMb(host),
      temporalMb: peakMb(temporal),
      temporalBytesPerRow: (this.temporalBytes() - before.bytes) / scenario.rows,
      out,
    };
  }

  /** The plain program on the same rows. @param {{seeds: string, concurrency: number, name: string}} scenario */
  async plain(scenario) {
    const out = join(this.folder, `${scenario.name}-plain.jsonl`);
    return await runJson([
      join(ROOT, 'bench/peer-plain.mjs'),
      ...['--base', this.base, '--model', 'sim-small', '--seeds', scenario.seeds, '--out', out],
      ...['--concurrency', String(scenario.concurrency), '--template', '{{text}}', '--max-tokens', '1024'],
    ]);
  }

  /** True when the provider's log has so many calls. @param {string} log @param {number} calls */
  sent(log, calls) {
    return readFileSync(log, 'latin1').split('"e":"call"').length > calls;
  }

  /** Ends the provider, whose log is then whole. */
  async endProvider() {
    const provider = this.#provider;
    this.#provider = null;
    if (!provider || provider.exitCode !== null) return;
    const gone = once(provider, 'close');
    provider.kill('SIGTERM');
    await gone;
  }

  async close() {
    await this.cli(['stop']);
    await this.endProvider();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
