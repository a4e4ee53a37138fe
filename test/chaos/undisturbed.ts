/** Runs that nothing disturbed: what every other run of the same rows must equal, byte for byte. */
import type { TaskFileInput } from '../../src/schema/task.js';
import type { FailedRow, RunFolder } from '../support/run-folder.js';
import { SwarmHome } from '../support/swarm-home.js';
import { CANARY_ENV, newCanary } from './canary.js';
import { chaosTask } from './rows.js';

export interface Expected {
  rows: number;
  /** All of output.jsonl. */
  output: Buffer;
  /** What of failed.jsonl does not depend on how often a call was made. */
  failed: readonly string[];
  /** Model calls that the rows need; a failed row needs one. */
  calls: number;
  /** What those cost, USD. */
  costUsd: number;
}

export function failedFacts(row: FailedRow): string {
  return `${row.index} ${row.id} ${row.cause} ${row.code}`;
}

interface Reference {
  ok: { index: number; turns: number; cost_usd: number; line: string }[];
  failed: FailedRow[];
}

function read(folder: RunFolder): Reference {
  const lines = folder.bytes().toString('utf8').trimEnd().split('\n');
  return {
    ok: folder.ok().map(({ index, turns, cost_usd }, at) => ({ index, turns, cost_usd, line: lines[at] as string })),
    failed: folder.failed(),
  };
}

/** What is not as usual. */
export interface Differently {
  /** Flags of `swarm simulate`. */
  provider?: readonly string[];
  /** Added to the task. */
  keys?: Partial<TaskFileInput>;
}

export class Undisturbed {
  readonly #references: ReadonlyMap<number, Reference>;
  readonly #rows: number;

  private constructor(references: ReadonlyMap<number, Reference>, rows: number) {
    this.#references = references;
    this.#rows = rows;
  }

  /** As `run`, in a home that is there for it alone. */
  static async inOwnHome(rows: number, turns: readonly number[]): Promise<Undisturbed> {
    const home = await SwarmHome.create({ [CANARY_ENV]: newCanary() });
    try {
      const undisturbed = await Undisturbed.run(home, rows, turns);
      await home.run(['stop']);
      return undisturbed;
    } finally {
      await home.close();
    }
  }

  /** Runs the rows once for each number of turns. The home has the canary key; it keeps a host afterwards. */
  static async run(
    home: SwarmHome,
    rows: number,
    turns: readonly number[],
    { provider: flags = [], keys = {} }: Differently = {},
  ): Promise<Undisturbed> {
    const provider = await home.provider(['--latency', '5', ...flags]);
    const references = new Map<number, Reference>();
    for (const most of turns) {
      const work = { rows, turns: most, sliceSize: 50, workers: 64 };
      const files = chaosTask(home, `undisturbed-${most}`, provider.url, work, keys);
      const ended = await home.swarm(['run', files.path]).ended;
      if (ended.code !== 0 && ended.code !== 1) throw new Error(`the undisturbed run ended with ${ended.code}\n${ended.stderr}`);
      references.set(most, read(files.out));
    }
    await provider.stop();
    return new Undisturbed(references, rows);
  }

  /** A row's line does not depend on how many rows come after it. */
  expected(rows: number, turns: number): Expected {
    const reference = this.#references.get(turns);
    if (reference === undefined || rows > this.#rows) throw new Error(`no undisturbed run of ${rows} rows, ${turns} turns`);
    const ok = reference.ok.filter(({ index }) => index < rows);
    const failed = reference.failed.filter(({ index }) => index < rows);
    return {
      rows,
      output: Buffer.from(ok.map(({ line }) => `${line}\n`).join('')),
      failed: failed.map(failedFacts),
      calls: ok.reduce((sum, row) => sum + row.turns, failed.length),
      costUsd: [...ok, ...failed].reduce((sum, row) => sum + row.cost_usd, 0),
    };
  }
}
