// @ts-check
/** What the gate itself costs: the worker's gate with 10,000 turns waiting and 1,000 calls a second, without a provider or a store. */
import { RunGate } from '../../dist/worker/gates/run-gate.js';
import { found } from './line.mjs';

/** @typedef {import('./line.mjs').Line} Line */

const WAITING = 10_000;
const PER_SECOND = 1_000;
/** Mean. */
const LATENCY = 200;
/**
 * So many different latencies, from half of it to one and a half: were they all the same, calls without a gate would end 200 at a time and wake the process five
 * times a second, those behind a gate a thousand times, as answers of a provider do. That is no cost of the gate.
 */
const LATENCIES = 1_000;
const WARM_MS = 2_000;
const MEASURED_MS = 5_000;
/** Each beside the same without a gate: what a wake-up of the process costs here changes by the minute. */
const ROUNDS = 3;

/** The same promises and timers without a gate: what a caller costs anyway. */
function noGate() {
  const queue = /** @type {(() => void)[]} */ ([]);
  let free = (PER_SECOND * LATENCY) / 1_000;
  const serve = () => {
    while (free > 0 && queue.length > 0) {
      free -= 1;
      queue.pop()?.();
    }
  };
  return {
    admit: () =>
      new Promise((resolve) => {
        queue.push(() => resolve(undefined));
        serve();
      }),
    enter: async () => undefined,
    release: () => {
      free += 1;
      serve();
    },
  };
}

/** @param {import('../../dist/core/gate/limits.js').RunLimits} limits */
function realGate(limits) {
  /** As in the store: each rate has its own. */
  const clocks = { requests: 0, tokens: 0 };
  const gate = new RunGate({
    now: () => Date.now(),
    takeSlots: async (rate, count, intervalMs, from) => {
      const first = Math.max(clocks[rate], from);
      clocks[rate] = first + count * intervalMs;
      return first;
    },
    lease: { valid: () => true, term: 1 },
    onError: (error) => {
      throw error;
    },
  });
  gate.setRun('run', limits);
  return gate;
}

/** CPU ms of a call: each of the waiting turns asks again when its call is over. @param {() => Promise<() => Promise<void>>} begin */
async function cpuPerCall(begin) {
  let calls = 0;
  let begun = 0;
  let stop = false;
  const turn = async () => {
    while (!stop) {
      const end = await begin();
      if (stop) return;
      calls += 1;
      // 387 and 1,000 have no common factor: neighbours differ, and each latency comes as often.
      begun += 1;
      const latency = LATENCY * (0.5 + ((begun * 387) % LATENCIES) / LATENCIES);
      await new Promise((resolve) => setTimeout(resolve, latency));
      await end();
    }
  };
  for (let n = 0; n < WAITING + (PER_SECOND * LATENCY) / 1_000; n += 1) void turn();
  await new Promise((resolve) => setTimeout(resolve, WARM_MS));
  calls = 0;
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, MEASURED_MS));
  const { user, system } = process.cpuUsage(before);
  stop = true;
  return { ms: (user + system) / 1_000 / calls, perSecond: (calls * 1_000) / MEASURED_MS };
}

/** @param {import('../../dist/core/gate/limits.js').RunLimits} limits */
async function gateCost(limits) {
  const gate = realGate(limits);
  const request = { runId: 'run', turn: 1, promptTokens: 100, maxTokens: 1_000, interactive: false };
  // One for all turns of a run, as in a worker.
  const { signal } = new AbortController();
  const cost = await cpuPerCall(async () => {
    const admission = await gate.admit(request, 3_600_000, signal);
    if (admission.kind !== 'go') return async () => undefined;
    await admission.enter();
    return async () => admission.release({ kind: 'done', tokens: { input: 100, output: 50 } });
  });
  gate.close();
  return cost;
}

/** What it costs without a gate. */
async function bareCost() {
  const bare = noGate();
  return await cpuPerCall(async () => {
    await bare.admit();
    await bare.enter();
    return async () => bare.release();
  });
}

const OPEN = { concurrency: 200, weight: 1, staggerMs: 0, requestsPerMinute: null, paused: false, cancelled: false };
const LIMITS = /** @type {const} */ ([
  ['200 at once', OPEN],
  ['told 60,000/min', { ...OPEN, concurrency: 1_000, requestsPerMinute: 60_000, tokensPerMinute: 60_000_000 }],
]);

/** @returns {Promise<Line[]>} */
export async function cpu() {
  /** Difference and calls/s, by round. @type {Map<string, { cost: number, perSecond: number }[]>} */
  const rounds = new Map(LIMITS.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    const without = await bareCost();
    for (const [name, limits] of LIMITS) {
      const { ms, perSecond } = await gateCost(limits);
      rounds.get(name)?.push({ cost: Math.max(0, ms - without.ms), perSecond });
    }
  }
  return [...rounds].map(([name, found]) => {
    const { cost, perSecond } = /** @type {{ cost: number, perSecond: number }} */ (
      found.sort((a, b) => a.cost - b.cost)[Math.floor(ROUNDS / 2)]
    );
    return line(`ms of CPU a call, ${name}, ${perSecond.toFixed(0)} calls/s, median of ${ROUNDS}`, cost);
  });
}

/** @param {string} measure @param {number} cost */
function line(measure, cost) {
  return found(measure, cost.toFixed(4), 'at most 0.05', cost <= 0.05);
}
