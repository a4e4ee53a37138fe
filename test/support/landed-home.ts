/** A copy of what version 0.1.0 left (test/fixtures/landed-0.1.0), put to rights for another place: its folder, machine and provider. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { taskFingerprint } from '../../src/intake/fingerprint.js';
import { storedTask } from '../../src/schema/stored-task.js';
import type { Task } from '../../src/schema/task-types.js';
import { rowOf } from './provider.js';
import { RunFolder } from './run-folder.js';
import type { SwarmHome } from './swarm-home.js';

export const LANDED = fileURLToPath(new URL('../fixtures/landed-0.1.0', import.meta.url));
export type LandedName = 'letters' | 'story' | 'odd' | 'capped' | 'unpriced' | 'paused' | 'cut';
/** Ids of its runs. */
export const LANDED_RUNS = JSON.parse(readFileSync(join(LANDED, 'ids.json'), 'utf8')) as Readonly<Record<LandedName, string>>;
export const LANDED_NAMES = Object.keys(LANDED_RUNS) as LandedName[];

/** Where make.mjs ran. */
const FOLDER = '/tmp/landed';
const PROVIDER = '127.0.0.1:17061';

/** What 0.1.0 printed: `letters.jsonl` by `swarm export`, `letters.receipt.json` by `swarm receipt --json`, `runs.json`. */
export function saidThen(file: string): string {
  return readFileSync(join(LANDED, 'said', file), 'utf8');
}

/** Task and fingerprint of each run, as they were stored. */
export function storedTasks(): { id: string; task: Task; fingerprint: string }[] {
  // Also who only reads writes files of his own beside a database.
  const folder = mkdtempSync(join(tmpdir(), 'swarm-landed-'));
  cpSync(join(LANDED, 'home', 'store.db'), join(folder, 'store.db'));
  const db = new Database(join(folder, 'store.db'), { readonly: true });
  try {
    const rows = db.prepare('SELECT id, task_json, task_fingerprint FROM runs').all() as Record<string, string>[];
    return rows.map((row) => ({
      id: String(row['id']),
      task: storedTask(String(row['task_json'])),
      fingerprint: String(row['task_fingerprint']),
    }));
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export class LandedHome {
  readonly #home: SwarmHome;

  /** Copies the fixture. `url` is the provider that its runs go on with: a base is part of a task's identity, and so is written anew with it. */
  constructor(home: SwarmHome, url: string) {
    this.#home = home;
    const moved = (text: string) => {
      const place = new URL(url).host;
      return text
        .replaceAll(`${FOLDER}/`, `${home.folder}/`)
        .replaceAll(PROVIDER, place)
        .replaceAll(PROVIDER.replace(':', '-'), place.replace(':', '-'));
    };
    cpSync(join(LANDED, 'home'), home.home, { recursive: true });
    cpSync(join(LANDED, 'tasks'), join(home.folder, 'tasks'), { recursive: true });
    for (const name of LANDED_NAMES) this.#changed(name, moved);
  }

  /** Makes a run that 0.1.0 had made of this model: its provider's OpenAI-style API was the only way to it then. */
  ofModel(name: LandedName, model: Task['model']): void {
    this.#changed(name, (text) => {
      if (!text.startsWith('{'))
        return text
          .replace(/^worker_api_base:.*\n/m, '')
          .replace(/^worker_model:.*$/m, `worker_model: ${model.provider}/${model.model}`);
      const task = JSON.parse(text) as Partial<Task>;
      return JSON.stringify(task.model === undefined ? task : { ...task, model });
    });
  }

  /** Changes what is kept of a run: its stored task, its task file, what its run folder says of it. */
  #changed(name: LandedName, changed: (text: string) => string): void {
    const db = new Database(join(this.#home.home, 'store.db'));
    const id = LANDED_RUNS[name];
    const row = db.prepare('SELECT task_json, output_dir FROM runs WHERE id = ?').get(id) as Record<string, string>;
    const taskJson = changed(String(row['task_json']));
    const fingerprint = taskFingerprint(storedTask(taskJson));
    db.prepare('UPDATE runs SET task_json = ?, task_fingerprint = ?, output_dir = ? WHERE id = ?').run(
      taskJson,
      fingerprint,
      changed(String(row['output_dir'])),
      id,
    );
    db.close();
    // What were labels then are tags now: a task file that still says labels is told so (test/intake/answer-keys.test.ts).
    this.#rewrite(this.task(name), (text) => changed(text).replace(/^labels:/m, 'tags:'));
    this.#rewrite(this.out(name).path('.durable-swarm.json'), (text) => {
      const marker = JSON.parse(changed(text)) as { fingerprint: string; holder: { machine: string } | null };
      if (marker.holder) marker.holder.machine = hostname();
      return JSON.stringify({ ...marker, fingerprint });
    });
  }

  #rewrite(path: string, change: (text: string) => string): void {
    if (existsSync(path)) writeFileSync(path, change(readFileSync(path, 'utf8')));
  }

  /** Path of a task file. */
  task(name: LandedName): string {
    return join(this.#home.folder, 'tasks', name, 'task.yaml');
  }

  out(name: LandedName): RunFolder {
    return new RunFolder(join(this.#home.folder, 'tasks', name, 'out'));
  }

  /** Rows of a run as the provider's book names them; its prompt is `before` and the row's text. */
  rows(name: LandedName, before: string): Set<string> {
    const lines = readFileSync(join(this.#home.folder, 'tasks', name, 'seeds.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    return new Set(lines.map((line) => rowOf(`${before} ${(JSON.parse(line) as { text: string }).text}`)));
  }
}
