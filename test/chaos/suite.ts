/** What a soak suite is. See soak.ts for how to add one. */

export interface SoakOptions {
  /** First seed. Scenario i (from 0) draws everything from seed + i, so one of them is replayed by its seed and `--scenarios 1`. */
  seed: number;
  /** How many scenarios; null = the suite's own number. */
  scenarios: number | null;
  /** Rows of the scale proof; null = the suite's own number. */
  rows: number | null;
  /** Puts what was measured into docs/benchmarks.md. */
  writeDocs: boolean;
  /** Writes a line for the person who watches. */
  say(line: string): void;
}

export interface SoakResult {
  /** What was broken, a line each, with the seed that replays it. Empty: the suite passed. */
  broken: string[];
  /** The summary, a line each. */
  summary: string[];
}

export interface SoakSuite {
  /** For `--only`. */
  name: string;
  /** What it proves, in one line. */
  about: string;
  run(options: SoakOptions): Promise<SoakResult>;
}

/** The value below which this share of the values lies; null of none. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
