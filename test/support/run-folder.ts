/** Task files that tests write, and the run folders that runs publish. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Receipt } from '../../src/outputs/receipt.js';
import type { TaskFileInput } from '../../src/schema/task.js';

export interface OkRow {
  id: string;
  index: number;
  seed: unknown;
  /** A text, or the value that the task asks for. */
  output: unknown;
  model: string;
  finish: string;
  turns: number;
  usage: { input: number; cached: number; output: number; reasoning: number };
  cost_usd: number;
}

export interface FailedRow {
  id: string;
  index: number;
  seed: unknown;
  cause: string;
  code: string;
  message: string;
  /** Only of rows that failed because of it. */
  answer?: string;
  attempts: number;
  cost_usd: number;
}

function lines<T>(path: string): T[] {
  const text = readFileSync(path, 'utf8');
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as T);
}

/** A published folder. */
export class RunFolder {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  bytes(name = 'output.jsonl'): Buffer {
    return readFileSync(this.path(name));
  }

  ok(): OkRow[] {
    return lines(this.path('output.jsonl'));
  }

  failed(): FailedRow[] {
    return lines(this.path('failed.jsonl'));
  }

  receipt(): Receipt {
    return JSON.parse(readFileSync(this.path('receipt.json'), 'utf8')) as Receipt;
  }
}

export interface TaskFiles {
  /** Path of task.yaml. */
  path: string;
  seeds: string;
  out: RunFolder;
}

/** Writes `<folder>/<name>/task.yaml` and seeds.jsonl; the run folder is `out` beside them. Keys given replace the defaults. */
export function writeTask(
  folder: string,
  name: string,
  keys: Partial<TaskFileInput> & { worker_model: string },
  seeds: readonly unknown[],
): TaskFiles {
  const dir = join(folder, name);
  mkdirSync(dir, { recursive: true });
  const task = { name, prompt_template: '{{seed}}', seeds_file: 'seeds.jsonl', output_dir: 'out', ...keys };
  const path = join(dir, 'task.yaml');
  writeFileSync(
    path,
    Object.entries(task)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join(''),
  );
  const seedsPath = join(dir, 'seeds.jsonl');
  writeFileSync(seedsPath, seeds.map((seed) => `${JSON.stringify(seed)}\n`).join(''));
  return { path, seeds: seedsPath, out: new RunFolder(join(dir, 'out')) };
}
