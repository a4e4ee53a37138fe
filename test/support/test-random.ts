/** Random choices of a test, printed and replayable: `SWARM_TEST_SEED=<seed> npx vitest run test/e2e/...`. */

export interface TestRandom {
  /** 0 <= x < 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
}

const seed = process.env['SWARM_TEST_SEED'] || String(Math.floor(Math.random() * 1e9));

/** `name` keeps the choices of several tests with one seed apart, whatever the tests before it drew. */
export function testRandom(name: string): TestRandom {
  process.stdout.write(`${name}: SWARM_TEST_SEED=${seed}\n`);
  return seededRandom(`${seed}/${name}`);
}

/** The same text, the same choices. */
export function seededRandom(text: string): TestRandom {
  let state = hashOf(text);
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, whole: (low, high) => low + Math.floor(next() * (high - low + 1)) };
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
