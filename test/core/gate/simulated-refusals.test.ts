/**
 * Refusals of the corpus at a gate that has learned a rate and a window, in simulated time, from the body to the gate: those of money and of
 * a provider without room lower neither, however many there are; those of a limit do.
 */
import { describe, expect, it } from 'vitest';
import { endOf } from '../../../src/activities/turn/call-end.js';
import type { CallFailure } from '../../../src/core/call-failure.js';
import { Gate, type Ticket } from '../../../src/core/gate/gate.js';
import { backoff, retryDecision } from '../../../src/core/retry.js';
import { CELLS, readCell } from '../../llm/refusals/corpus/all-cells.js';
import { Timeline } from '../../support/gate-simulation/timeline.js';
import { seededRandom } from '../../support/test-random.js';

const LEARNED = { pace: 60, window: 24, auto: null, noise: 0, answerTokens: 50, at: 0 };
const ROWS = 600;
const LATENCY_MS = 200;
const REFUSAL_MS = 8;

/** Those after which the call is tried again: others stop the run, and no call follows. */
const passing = CELLS.map(readCell).filter((failure) => {
  const decision = retryDecision(failure, { tries: 1, waits: 1, anyAnswered: true, random: 0.5 });
  return decision.kind === 'again' && failure.class !== 'transport';
});
const kindsOf = (...kinds: string[]) => passing.filter(({ refusal }) => refusal && kinds.includes(refusal.kind));
const NO_LIMIT = kindsOf('money', 'overload');
const LIMIT = passing.filter(({ refusal, class: kind }) => refusal?.kind === 'rate' && kind === 'rate');

interface Found {
  answered: number;
  refused: number;
  /** The lowest of the whole time. */
  pace: number;
  window: number;
}

/** `share` of the calls are refused; within `storm`, ms from the start, all are. */
function run(
  failures: readonly CallFailure[],
  { share, storm }: { share: number; storm: [number, number] },
  seed: string,
): Found {
  const time = new Timeline();
  const startedAt = time.now;
  const random = seededRandom(seed);
  const gate = new Gate({ ...LEARNED, at: time.now }, time.now);
  gate.setRun('a', { concurrency: 40, weight: 1, staggerMs: 0, requestsPerMinute: null, paused: false, cancelled: false });
  const found = { answered: 0, refused: 0, pace: LEARNED.pace, window: LEARNED.window };
  const admitted: Ticket[] = [];
  const waits = new Map<number, number>();

  const look = () => {
    const { pace, window } = gate.learned(time.now);
    found.pace = Math.min(found.pace, pace ?? 0);
    found.window = Math.min(found.window, window ?? 0);
  };
  const send = (ticket: Ticket) => {
    const since = time.now - startedAt;
    const refuses = (since >= storm[0] && since < storm[1]) || random.next() < share;
    time.after(refuses ? REFUSAL_MS : LATENCY_MS * (0.5 + random.next()), () => {
      if (refuses) refuse(ticket);
      else {
        found.answered += 1;
        gate.release(ticket.id, { kind: 'done', tokens: { input: 10, output: 40 } }, time.now);
      }
      look();
    });
  };
  const refuse = (ticket: Ticket) => {
    found.refused += 1;
    const failure = failures[random.whole(0, failures.length - 1)] as CallFailure;
    const often = (waits.get(ticket.id) ?? 0) + 1;
    // Waits of a minute and more are real, and would only make the simulation long.
    const afterMs = Math.min(3_000, failure.retryAfterMs ?? backoff(often, random.next()));
    gate.release(ticket.id, endOf(failure, { kind: 'again', afterMs }, time.now + afterMs), time.now);
    time.after(afterMs, () => {
      waits.set(ticket.id, often);
      gate.enqueue(ticket, time.now);
    });
  };
  const pump = () => {
    admitted.push(...gate.next(time.now).admit);
    while (admitted[0] !== undefined && gate.enter(admitted[0].id, time.now)) send(admitted.shift() as Ticket);
    time.after(5, pump);
  };
  for (let id = 1; id <= ROWS; id += 1)
    gate.enqueue({ id, runId: 'a', turn: 1, promptTokens: 10, maxTokens: 100, interactive: false }, time.now);
  pump();
  time.run(startedAt + 600_000, () => found.answered === ROWS);
  return found;
}

const SEEDS = Array.from({ length: 20 }, (_, n) => `refusals/${n}`);

describe('refusals at a gate that has learned 60 calls/s and 24 in flight', () => {
  it.each([
    ['a third of the calls', { share: 0.33, storm: [0, 0] }],
    ['two in three', { share: 0.66, storm: [0, 0] }],
    ['all for six seconds, some before and after', { share: 0.1, storm: [2_000, 8_000] }],
  ] as [string, { share: number; storm: [number, number] }][])(
    'money and overload, %s -> never below what was learned, every row answered',
    (_name, load) => {
      expect(NO_LIMIT.length).toBeGreaterThan(15);
      for (const seed of SEEDS) {
        const { answered, refused, pace, window } = run(NO_LIMIT, load, seed);
        expect([seed, answered, pace, window]).toEqual([seed, ROWS, LEARNED.pace, LEARNED.window]);
        expect(refused).toBeGreaterThan(50);
      }
    },
  );

  it.each(NO_LIMIT.map((failure, at) => [`${at} ${failure.code} ${failure.message}`, failure] as const))(
    'this one alone, every other call: %s -> never below what was learned',
    (name, failure) => {
      const { answered, pace, window } = run([failure], { share: 0.5, storm: [0, 0] }, name);
      expect([answered, pace, window]).toEqual([ROWS, LEARNED.pace, LEARNED.window]);
    },
  );

  it('limits, a third of the calls -> below it: the gate learns of those', () => {
    for (const seed of SEEDS) {
      const { pace, window } = run(LIMIT, { share: 0.33, storm: [0, 0] }, seed);
      expect([seed, pace < LEARNED.pace || window < LEARNED.window]).toEqual([seed, true]);
    }
  });
});
