// @ts-check
/**
 * The scale proof: a run of many rows in slices, on the simulated provider in its own process, by `swarm run` as a user types it. The
 * host is killed when half of the rows are done. `npm run soak -- --only million [--rows N] [--write-docs]` runs it.
 *
 * The same is done with 10,000 rows first, in a home of its own: memory that does not grow with the rows is then the same.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openReader } from '../dist/client/reader.js';
import { loadConfig } from '../dist/config.js';
import { Bed, CLI } from './bed/bed.mjs';
import { BillingReader } from './bed/billing-reader.mjs';
import { MemoryWatch } from './bed/memory-watch.mjs';
import { median } from './bed/processes.mjs';

export const BASE_ROWS = 10_000;
/** Answers take about this long, in ms: 10 in the middle, nearly all between 2 and 20. */
const LATENCY = 'lognormal:8,0.4';
const CONCURRENCY = 200;
const LOOK_MS = 100;
/** What the dead host had sent has arrived by then, in ms. */
const STRAGGLERS_MS = 50;
const FORMATS = ['jsonl', 'json', 'csv', 'parquet'];

/**
 * @typedef {{rows: number, wallMs: number, stagingMs: number, rowsPerSecond: number[], memory: {stage: string, mb: Record<string, number>}[],
 *   peaks: Record<string, number>, temporalBytes: number, storeBytes: number, inFlightAtKill: number, resumeMs: number, billed: number,
 *   paidTwice: number, doubtful: number, publishMs: number, statusMs: number, againMs: number,
 *   exports: {format: string, ms: number, mb: number}[], exitCode: number, wrong: string[]}} Figures
 */

/**
 * @param {number} rows
 * @param {(line: string) => void} say
 * @returns {Promise<Figures>} bytes are per row, rows per second by tenth of the run
 */
export async function measureRun(rows, say) {
  const bed = new Bed();
  try {
    return await new Measured(bed, rows, say).measure();
  } finally {
    await bed.close();
  }
}

class Measured {
  #bed;
  #rows;
  #say;
  #log;
  #task;
  /** @type {string[]} */
  #wrong = [];

  /** @param {Bed} bed @param {number} rows @param {(line: string) => void} say */
  constructor(bed, rows, say) {
    this.#bed = bed;
    this.#rows = rows;
    this.#say = say;
    this.#log = join(bed.folder, 'provider.jsonl');
    this.#task = join(bed.folder, 'task.yaml');
  }

  async measure() {
    const bed = this.#bed;
    await bed.provider(LATENCY, ['--log', this.#log]);
    this.#writeTask(bed.rows('million', this.#rows));
    await bed.startHost();
    const config = { ...loadConfig(), home: bed.home };
    const before = { temporal: bed.temporalBytes() };
    const billing = new BillingReader(this.#log);
    /** @type {number | null} */
    let client = null;
    /** @type {number | null} */
    let temporal = await bed.temporalPid();
    const watch = new MemoryWatch({
      client: () => client ?? Number.NaN,
      host: () => bed.hostPid(),
      temporal: () => temporal ?? Number.NaN,
      simulator: () => bed.providerPid(),
    });
    watch.stage('staging');
    const typed = performance.now();
    const child = spawn(CLI, ['run', this.#task, '--yes'], {
      env: { ...process.env, ...bed.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    client = child.pid ?? null;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      said = (said + text).slice(-2_000);
    });
    const ended = once(child, 'close');
    const exit = { code: /** @type {number | null} */ (null), at: 0 };
    void ended.then(([code]) => {
      exit.code = Number(code);
      exit.at = performance.now();
    });
    const reader = await openReader(config);
    try {
      const marks = await this.#follow({
        reader,
        billing,
        watch,
        exit,
        onKilled: async () => {
          temporal = await bed.temporalPid().catch(() => temporal);
        },
      });
      const [code] = await ended;
      watch.end();
      if (code !== 0) this.#wrong.push(`swarm run ended with ${code}: ${said}`);
      const run = (await reader.lastRun()) ?? '';
      const progress = await reader.progress(run);
      billing.read();
      this.#say(`${this.#rows} rows: run ended after ${((exit.at - typed) / 1000).toFixed(0)} s; exports and checks follow`);
      const bytes = { temporal: (bed.temporalBytes() - before.temporal) / this.#rows, store: bed.storeBytes() / this.#rows };
      await this.#checkOutput(progress.outputDir);
      return {
        rows: this.#rows,
        wallMs: exit.at - typed,
        stagingMs: marks.started - typed,
        rowsPerSecond: marks.tenths.map(
          (at, tenth) => (this.#rows * 100) / (at - (tenth === 0 ? marks.started : (marks.tenths[tenth - 1] ?? 0))),
        ),
        memory: watch.stages(),
        peaks: watch.peaks(),
        temporalBytes: bytes.temporal,
        storeBytes: bytes.store,
        inFlightAtKill: marks.inFlightAtKill,
        resumeMs: marks.resumeMs,
        billed: billing.billed,
        paidTwice: billing.paidTwice,
        doubtful: progress.doubtful,
        publishMs: exit.at - (marks.tenths.at(-1) ?? exit.at),
        statusMs: median([
          await this.#timed(['status', run]),
          await this.#timed(['status', run]),
          await this.#timed(['status', run]),
        ]),
        againMs: await this.#timed(['run', this.#task, '--yes']),
        exports: await this.#exports(run),
        exitCode: Number(code),
        wrong: this.#wrong,
      };
    } finally {
      watch.end();
      billing.close();
      await reader.close();
      if (exit.code === null) child.kill('SIGKILL');
    }
  }

  /** @param {string} seeds */
  #writeTask(seeds) {
    const task = [
      'name: million',
      "prompt_template: '{{text}}'",
      'worker_model: sim-small',
      `worker_api_base: ${this.#bed.base}`,
      `workers: ${CONCURRENCY}`,
      'worker_max_tokens: 1024',
      `seeds_file: ${seeds}`,
      `output_dir: ${join(this.#bed.folder, 'out')}`,
    ];
    writeFileSync(this.#task, `${task.join('\n')}\n`);
  }

  /**
   * Watches the run to its last outcome; kills the host at half.
   * @param {{reader: import('../dist/client/reader.js').StoreReader, billing: BillingReader, watch: MemoryWatch,
   *   exit: {code: number | null}, onKilled: () => Promise<void>}} parts
   */
  async #follow({ reader, billing, watch, exit, onKilled }) {
    const marks = { started: 0, tenths: /** @type {number[]} */ ([]), resumeMs: Number.NaN, inFlightAtKill: 0 };
    let killedAt = 0;
    while (exit.code === null && marks.tenths.length < 10) {
      await sleep(LOOK_MS);
      billing.read();
      const run = await reader.lastRun();
      if (run === null) continue;
      const { startedAt, ok, failed, inFlight } = await reader.progress(run);
      if (startedAt === null) continue;
      const now = performance.now();
      if (marks.started === 0) {
        marks.started = now;
        watch.stage('tenth 1');
      }
      const done = ok + failed;
      while (marks.tenths.length < 10 && done >= Math.ceil((this.#rows * (marks.tenths.length + 1)) / 10)) {
        marks.tenths.push(now);
        const tenth = marks.tenths.length;
        const from = tenth === 1 ? marks.started : (marks.tenths[tenth - 2] ?? 0);
        this.#say(`${this.#rows} rows: ${done} done, ${((this.#rows * 100) / (now - from)).toFixed(0)} rows/s in tenth ${tenth}`);
        watch.stage(tenth === 10 ? 'publishing' : `tenth ${tenth + 1}`);
      }
      if (killedAt === 0 && done >= this.#rows / 2) {
        marks.inFlightAtKill = inFlight;
        process.kill(this.#bed.hostPid(), 'SIGKILL');
        killedAt = Date.now();
        billing.since(killedAt + STRAGGLERS_MS);
      }
      if (killedAt > 0 && Number.isNaN(marks.resumeMs) && billing.firstSince !== null) {
        marks.resumeMs = billing.firstSince - killedAt;
        await onKilled();
      }
    }
    return marks;
  }

  /** Every id once, in order. @param {string} folder */
  async #checkOutput(folder) {
    let next = 0;
    const lines = createInterface({ input: createReadStream(join(folder, 'output.jsonl')), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) {
      const { id, index, output } = JSON.parse(line);
      if (id !== `r${next}` || index !== next || output === '') {
        this.#wrong.push(`line ${next + 1} of output.jsonl is row ${index} with id ${id}`);
        return;
      }
      next += 1;
    }
    if (next !== this.#rows) this.#wrong.push(`output.jsonl has ${next} of ${this.#rows} rows`);
  }

  /** Time of a command to its end, in ms. @param {string[]} args */
  async #timed(args) {
    const from = performance.now();
    const code = await this.#bed.cli(args);
    if (code !== 0) this.#wrong.push(`swarm ${args[0]} ended with ${code}`);
    return performance.now() - from;
  }

  /** @param {string} run */
  async #exports(run) {
    const exports = [];
    for (const format of FORMATS) {
      const out = join(this.#bed.folder, `export.${format}`);
      const from = performance.now();
      const child = spawn(CLI, ['export', run, '--format', format, '--out', out], {
        env: { ...process.env, ...this.#bed.env },
        stdio: 'ignore',
      });
      const watch = new MemoryWatch({ export: () => child.pid ?? Number.NaN });
      const [code] = await once(child, 'close');
      watch.end();
      if (code !== 0) this.#wrong.push(`swarm export --format ${format} ended with ${code}`);
      exports.push({ format, ms: performance.now() - from, mb: watch.peaks()['export'] ?? Number.NaN });
    }
    return exports;
  }
}
