/** A run that goes as scripted: each look at it shows the next moment, and after the last one it has ended. */

import type { CliDeps } from '../../../src/cli/context.js';
import type { RunHandle, Swarm } from '../../../src/client/api.js';
import type { StoreReader } from '../../../src/client/reader.js';
import { EXIT } from '../../../src/core/errors.js';
import type { Estimate } from '../../../src/core/estimate.js';
import type { Outcome } from '../../../src/core/model.js';
import { unknownRun } from '../../../src/core/run-errors.js';
import type { CheckReport } from '../../../src/runs/check.js';
import type { Progress } from '../../../src/runs/progress.js';
import type { RunResult } from '../../../src/runs/results.js';
import type { StartNotes, StartOptions } from '../../../src/runs/start-options.js';
import { START } from './terminal.js';

/** Fields that a test sets, whether they go together or not. */
export type ProgressPart = { [Field in keyof Progress]?: Progress[Field] };

export function progressOf(part: ProgressPart = {}): Progress {
  return {
    run: 'poems-1',
    name: 'poems',
    state: 'running',
    reason: null,
    message: null,
    epoch: 1,
    phase: 'map',
    role: 'worker',
    total: 20,
    ok: 0,
    failed: 0,
    filtered: 0,
    inFlight: 4,
    calls: 0,
    failedCalls: 0,
    limited: 0,
    doubtful: 0,
    failures: [],
    usage: { input: 0, cached: 0, output: 0, reasoning: 0 },
    costUsd: 0,
    heldUsd: 0,
    maxCostUsd: null,
    today: null,
    warnings: [],
    concurrency: 4,
    auto: false,
    requestsPerMinute: null,
    tokensPerMinute: null,
    processes: null,
    found: null,
    waits: { why: 'concurrency', text: 'workers (all 4 busy)', since: START, until: null, failure: null },
    rest: null,
    workedMs: (part.endedAt ?? START + 65_000) - START,
    startedAt: START,
    origin: 'cli',
    endedAt: null,
    outputDir: '/data/out',
    ...part,
  } as Progress;
}

export function estimateOf(part: Partial<Estimate> = {}): Estimate {
  return {
    rows: 20,
    sample: 0,
    calls: { low: 12, expected: 12, high: 12 },
    inputTokens: { low: 1000, expected: 1000, high: 1000 },
    outputTokens: { low: 4500, expected: 5000, high: 5500 },
    costUsd: { low: 1, expected: 2, high: 3 },
    ms: { low: 18_000, expected: 20_000, high: 25_000 },
    ...part,
  };
}

export function reportOf(part: Partial<CheckReport> = {}): CheckReport {
  return {
    problems: [],
    notes: [],
    seen: null,
    rows: 20,
    calls: 20,
    inputTokens: 2000,
    outputTokens: 12_345,
    worstCostUsd: 0.25,
    maxCostUsd: null,
    doneRows: 0,
    anewRows: 0,
    sampleRun: null,
    estimate: null,
    modelCheck: null,
    ...part,
  };
}

export interface Script {
  /** Ids of interrupted runs of the home. @default none */
  interrupted?: string[];
  moments: ProgressPart[];
  result?: Partial<RunResult>;
  outcomes?: (Outcome & { output: string | null; seq: number })[];
  start?: Partial<StartNotes>;
  report?: Partial<CheckReport>;
  /** Rows that `retry` does again. */
  failed?: number;
  /** The run ends only when it is paused or by `end()`. */
  open?: boolean;
  /** The run has ended before the command looks. */
  ended?: boolean;
}

async function notScripted(): Promise<never> {
  throw new Error('not scripted');
}

export class FakeRun implements RunHandle {
  readonly id = 'poems-1';
  /** What was asked of the run and of its host, in order. */
  readonly asked: string[] = [];
  startOptions: StartOptions | null = null;
  onPause: () => Promise<void> = async () => {
    this.moments = [{ ...this.last, state: 'paused', reason: 'user', inFlight: 0 }];
  };
  onStart: () => Promise<void> = async () => undefined;
  private moments: ProgressPart[];
  private last: Progress;
  private settle: (result: RunResult) => void = () => undefined;
  private refuse: (error: unknown) => void = () => undefined;
  private readonly ended: Promise<RunResult>;

  constructor(private readonly script: Script) {
    this.moments = [...script.moments];
    this.last = progressOf(script.moments[0]);
    this.ended = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.refuse = reject;
    });
    this.ended.catch(() => undefined);
  }

  end(): void {
    const { ok, failed, filtered, total, state, reason, message, costUsd, outputDir } = this.last;
    this.settle({
      run: this.id,
      state,
      reason,
      message,
      counts: { total, ok, failed, filtered },
      costUsd,
      outputDir,
      outputFile: '/data/out/output.jsonl',
      exitCode: failed > 0 ? EXIT.failedRows : EXIT.ok,
      ...this.script.result,
    });
  }

  fail(error: unknown): void {
    this.refuse(error);
  }

  async progress(): Promise<Progress> {
    const next = this.moments.shift();
    if (next !== undefined) this.last = progressOf(next);
    else if (!this.script.open) this.end();
    return this.last;
  }

  async *outcomes(): AsyncGenerator<Outcome & { output: string | null; seq: number }> {
    for (const outcome of this.script.outcomes ?? []) yield outcome;
  }

  result(): Promise<RunResult> {
    return this.ended;
  }

  async pause(): Promise<void> {
    this.asked.push('pause');
    await this.onPause();
  }

  async resume(): Promise<void> {
    this.asked.push('resume');
  }

  async resize(options: object): Promise<void> {
    this.asked.push(`resize ${JSON.stringify(options)}`);
  }

  async cancel(): Promise<void> {
    this.asked.push('cancel');
  }

  async retry(options: object = {}): Promise<number> {
    this.asked.push(`retry ${JSON.stringify(options)}`);
    return this.script.failed ?? 0;
  }

  /** The other parts, with this run as the only one. */
  deps(): Partial<CliDeps> {
    const swarm: Swarm = {
      start: async (_task, options) => {
        this.asked.push('start');
        this.startOptions = (options ?? {}) as StartOptions;
        await this.onStart();
        return Object.assign(this, { start: { kind: 'new' as const, notes: [], ...this.script.start } });
      },
      get: async () => this,
      runs: async (options) =>
        options?.states?.includes('interrupted')
          ? (this.script.interrupted ?? []).map((run) => progressOf({ run }))
          : [this.last],
      webUi: async () => 'http://127.0.0.1:8233',
      close: async () => void this.asked.push('close'),
    };
    return {
      checkTask: async () => reportOf(this.script.report),
      connect: async () => {
        this.asked.push('connect');
        return swarm;
      },
      openReader: async () => this.reader(),
    };
  }

  private reader(): StoreReader {
    return {
      progress: async (run) => {
        if (run === this.id) return this.last;
        throw unknownRun(run);
      },
      runs: async () => [this.last],
      lastRun: async () => this.id,
      export: notScripted,
      receipt: notScripted,
      verify: notScripted,
      planReconcile: notScripted,
      applyReconcile: notScripted,
      ended: async (run) => {
        if (run !== this.id) throw unknownRun(run);
        return this.script.ended === true ? this : null;
      },
      close: async () => undefined,
    };
  }
}

export function outcomeOf(seq: number, part: Partial<Outcome & { output: string | null }> = {}) {
  return {
    seq,
    index: seq - 1,
    id: `row-${seq}`,
    status: 'ok' as const,
    finish: 'stop' as const,
    model: 'sim-small',
    fromTurn: 1,
    turns: 1,
    attempts: 0,
    usage: { input: 10, cached: 0, output: 5, reasoning: 0 },
    costNano: 1_500_000,
    output: `answer ${seq}`,
    ...part,
  };
}
