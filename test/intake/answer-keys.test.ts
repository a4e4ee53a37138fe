/** Keys that say what answers are to be: good ones become a task, bad ones have a place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SwarmError } from '../../src/core/errors.js';
import { changedKeys, changedOperationalKeys } from '../../src/intake/changed-keys.js';
import { taskFingerprint } from '../../src/intake/fingerprint.js';
import { loadTask, loadTaskObject } from '../../src/intake/load-task.js';
import { parseTaskText } from '../../src/intake/parse-task.js';
import { SYSTEM_PROMPTS } from '../../src/schema/system-prompts.js';
import type { Task } from '../../src/schema/task-types.js';

const OK = 'prompt_template: "{{seed}}"\nworker_model: sim/x\n';
const CLASSES = `${OK}task_type: classification\n`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-answer-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const loaded = async (text: string): Promise<Task> => (await loadTask(write('task.yaml', text))).task;
/** `code line:column found` of each problem. */
async function problemsOf(text: string): Promise<string[]> {
  try {
    await loaded(text);
    return [];
  } catch (error) {
    if (!SwarmError.is(error)) throw error;
    expect(error.exitCode).toBe(2);
    return error.problems.map(({ code, place, found, allowed, fix }) => {
      expect(allowed && fix).toBeTruthy();
      return `${code} ${place?.line}:${place?.column} ${found}`;
    });
  }
}

describe('good keys', () => {
  it('labels -> kept as written, with one repair; a default prompt that fits', async () => {
    const task = await loaded(`${CLASSES}labels: [Good, bad]\n`);
    expect(task).toMatchObject({ labels: ['Good', 'bad'], maxRepairs: 1, systemPrompt: SYSTEM_PROMPTS.classification });
    const many = await loaded(`${CLASSES}labels: [Good, bad]\nmulti_label: true\nmax_repairs: 0\n`);
    expect(many).toMatchObject({ multiLabel: true, maxRepairs: 0, systemPrompt: 'You classify texts.' });
  });

  it('languages and words -> in the task', async () => {
    const task = await loaded(`${OK}task_type: translation\ntarget_language: de-AT\nsource_language: English\n`);
    expect(task).toMatchObject({ targetLanguage: 'de-AT', sourceLanguage: 'English' });
    expect(await loaded(`${OK}task_type: summarization\nmax_words: 50\n`)).toMatchObject({ maxWords: 50 });
  });

  it('output_schema -> inline, from a JSON or a YAML file beside the task, or from code: the same task', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    write('a.json', `\uFEFF${JSON.stringify(schema, null, '\t')}`);
    write('a.yaml', 'type: object\nproperties:\n  a: {type: string}\n');
    const inline = await loaded(`${OK}output_schema: {type: object, properties: {a: {type: string}}}\n`);
    expect(inline.outputSchema).toEqual(schema);
    expect(inline.systemPrompt).toBeNull();
    for (const name of ['a.json', './a.yaml']) {
      const task = await loaded(`${OK}output_schema: ${name}\n`);
      expect(task.outputSchema).toEqual(schema);
      expect(taskFingerprint(task)).toBe(taskFingerprint(inline));
    }
    const code = { prompt_template: '{{seed}}', worker_model: 'sim/x', output_schema: schema };
    expect((await loadTaskObject(code)).task.outputSchema).toEqual(schema);
    expect((await loadTaskObject({ ...code, output_schema: 'a.json' }, { baseDir: folder })).task.outputSchema).toEqual(schema);
  });

  it('none of them -> a task as it was before them', async () => {
    const task = await loaded(OK);
    const keys = ['labels', 'multiLabel', 'targetLanguage', 'sourceLanguage', 'maxWords', 'outputSchema', 'maxRepairs'];
    expect(Object.keys(task).filter((key) => keys.includes(key))).toEqual([]);
  });

  it('a change -> another task, but for max_repairs', async () => {
    const one = await loaded(`${CLASSES}labels: [a, b]\n`);
    expect(changedKeys(one, await loaded(`${CLASSES}labels: [a, c]\n`))).toEqual(['labels']);
    expect(changedKeys(one, await loaded(`${CLASSES}labels: [a, b]\nmulti_label: true\n`))).toEqual([
      'system_prompt',
      'multi_label',
    ]);
    const repairs = await loaded(`${CLASSES}labels: [a, b]\nmax_repairs: 3\n`);
    expect(changedKeys(one, repairs)).toEqual([]);
    expect(changedOperationalKeys(one, repairs)).toEqual(['max_repairs']);
    const [small, large] = [{ type: 'string' }, { type: 'string', minLength: 2 }].map((outputSchema) => ({
      ...one,
      outputSchema,
    }));
    expect(small && large && changedKeys(small, large)).toEqual(['output_schema']);
  });

  it('keys without effect -> notes', () => {
    const notes = (more: string) => parseTaskText(OK + more).notes;
    expect(notes('max_repairs: 2\n')).toEqual(['max_repairs has no effect without output_schema or labels']);
    expect(notes('output_schema: {type: object}\non_truncate: keep\n')).toEqual([
      expect.stringMatching(/^on_truncate: keep keeps/),
    ]);
  });
});

describe('bad values -> positioned errors', () => {
  it.each<[what: string, text: string, problems: (string | RegExp)[]]>([
    ['labels, a map', `${CLASSES}labels: {team: red}\n`, ['E_TASK_TYPE 4:1 labels is a map of keys and values']],
    ['labels, a text', `${CLASSES}labels: yes or no\n`, [/^E_TASK_TYPE 4:9 labels is/]],
    ['labels, empty', `${CLASSES}labels: []\n`, ['E_TASK_RANGE 4:9 labels is a list of 0']],
    ['labels, too many', `${CLASSES}labels: [${'x,'.repeat(1001)}]\n`, ['E_TASK_RANGE 4:9 labels is a list of 1001']],
    ['labels, an empty one', `${CLASSES}labels: [a, ""]\n`, [/^E_TASK_RANGE 4:13 labels\[1\]/]],
    ['labels, no texts', `${CLASSES}labels: [true, false]\n`, [/^E_TASK_TYPE 4:10 labels\[0\] is true/, /^E_TASK_TYPE 4:16 /]],
    ['labels, too long', `${CLASSES}labels: [${'x'.repeat(201)}]\n`, [/^E_TASK_RANGE 4:10 /]],
    ['labels, over lines', `${CLASSES}labels: ["a\\nb"]\n`, ['E_TASK_LABELS 4:10 labels[0] has more than one line']],
    [
      'labels, alike',
      `${CLASSES}labels: [Yes, no, "yes."]\n`,
      [/^E_TASK_LABELS 4:19 labels\[2\] is "yes\.", and labels\[0\] is "Yes"/],
    ],
    ['labels, another type', `${OK}labels: [a, b]\n`, ['E_TASK_CONFLICT 3:1 labels is given, and task_type is generation']],
    ['multi_label, no boolean', `${CLASSES}labels: [a]\nmulti_label: 1\n`, [/^E_TASK_TYPE 5:14 /]],
    ['multi_label alone', `${CLASSES}multi_label: true\n`, ['E_TASK_CONFLICT 4:1 multi_label is true, and there are no labels']],
    [
      'target_language, a number',
      `${OK}task_type: translation\ntarget_language: 5\n`,
      [/^E_TASK_TYPE 4:18 target_language is 5/],
    ],
    ['target_language, blank', `${OK}task_type: translation\ntarget_language: " "\n`, [/^E_TASK_RANGE 4:18 /]],
    ['target_language, another type', `${OK}target_language: German\n`, [/^E_TASK_CONFLICT 3:1 target_language is given/]],
    ['source_language, another type', `${OK}source_language: en\n`, [/^E_TASK_CONFLICT 3:1 source_language is given/]],
    ['source_language, too long', `${OK}task_type: translation\nsource_language: ${'x'.repeat(61)}\n`, [/^E_TASK_RANGE 4:18 /]],
    ['max_words, zero', `${OK}task_type: summarization\nmax_words: 0\n`, [/^E_TASK_RANGE 4:12 max_words is 0/]],
    ['max_words, a part', `${OK}task_type: summarization\nmax_words: 1.5\n`, [/^E_TASK_RANGE 4:12 max_words is 1\.5/]],
    ['max_words, another type', `${OK}max_words: 5\n`, [/^E_TASK_CONFLICT 3:1 max_words is given/]],
    ['max_repairs, too many', `${OK}max_repairs: 6\n`, [/^E_TASK_RANGE 3:14 max_repairs is 6/]],
    ['max_repairs, less than none', `${OK}max_repairs: -1\n`, [/^E_TASK_RANGE 3:14 /]],
    ['max_repairs, a text', `${OK}max_repairs: two\n`, [/^E_TASK_TYPE 3:14 /]],
    ['tags, a list', `${OK}tags: [a]\n`, [/^E_TASK_TYPE 3:7 tags is a list/]],
    ['tags, no text', `${OK}tags: {a: 1}\n`, [/^E_TASK_TYPE 3:11 tags\.a is 1/]],
    ['output_schema, a number', `${OK}output_schema: 5\n`, [/^E_TASK_SCHEMA 3:16 output_schema is 5/]],
    ['output_schema, a list', `${OK}output_schema: [a]\n`, [/^E_TASK_SCHEMA 3:16 /]],
    ['output_schema, true', `${OK}output_schema: true\n`, [/^E_TASK_SCHEMA 3:16 /]],
    [
      'output_schema and labels',
      `${CLASSES}labels: [a]\noutput_schema: {type: object}\n`,
      [/^E_TASK_CONFLICT 5:1 labels and output_schema are both given/],
    ],
    [
      'output_schema, a file that is not there',
      `${OK}output_schema: none.json\n`,
      [/^E_TASK_SCHEMA 3:16 output_schema: .*none\.json is not there/],
    ],
    ['output_schema, a folder', `${OK}output_schema: .\n`, [/^E_TASK_SCHEMA 3:16 .*EISDIR/]],
    ['output_schema, an address', `${OK}output_schema: https://a.example/s\n`, [/^E_TASK_SCHEMA 3:16 .*is an address/]],
    ['output_schema, JSON in a text', `${OK}output_schema: '{"type":"object"}'\n`, [/^E_TASK_SCHEMA 3:16 .*is JSON in a text/]],
    ['a misspelt type', `${OK}output_schema:\n  type: objekt\n`, [/^E_TASK_SCHEMA 4:9 output_schema at \/type: /]],
    ['a misspelt keyword', `${OK}output_schema:\n  requird: [a]\n`, [/^E_TASK_SCHEMA 4:12 .*requird is no keyword/]],
    [
      'a reference to nothing',
      `${OK}output_schema:\n  items: {$ref: "#/$defs/x"}\n`,
      [/^E_TASK_SCHEMA 4:17 .*points at nothing/],
    ],
    [
      'a reference elsewhere',
      `${OK}output_schema: {$ref: "http://127.0.0.1:9/s"}\n`,
      [/^E_TASK_SCHEMA 3:23 .*nothing is fetched/],
    ],
    ['a pattern of exponential time', `${OK}output_schema: {pattern: "^(a+)+$"}\n`, [/^E_TASK_SCHEMA 3:26 .*takes too long/]],
    [
      'too large',
      `${OK}output_schema: {enum: [${'x'.repeat(65_536)}]}\n`,
      [/^E_TASK_SCHEMA 3:16 output_schema: it has \d+ bytes/],
    ],
  ])('%s', async (_what, text, problems) => {
    const found = await problemsOf(text);
    expect(found).toHaveLength(problems.length);
    problems.forEach((problem, at) => {
      expect(found[at]).toMatch(problem);
    });
  });

  it('faults in a file of its own -> their place there', async () => {
    write('bad.json', '{\n  "type": "object",\n  "properties": { "a": { "type": "strin" } }\n}\n');
    write('broken.json', '{\n  "type": \n');
    const error = await loaded(`${OK}output_schema: bad.json\n`).catch((cause: unknown) => cause);
    expect(SwarmError.is(error) && error.problems).toMatchObject([
      { code: 'E_TASK_SCHEMA', place: { file: expect.stringMatching(/bad\.json$/), line: 3, column: 34 } },
    ]);
    const broken = await loaded(`${OK}output_schema: broken.json\n`).catch((cause: unknown) => cause);
    expect(SwarmError.is(broken) && broken.problems[0]?.place).toMatchObject({ file: expect.stringMatching(/broken\.json$/) });
  });

  it.each<[what: string, text: string, found: RegExp, fix: RegExp]>([
    ['empty', '', /^output_schema: the file holds no keys/, /^write a JSON Schema/],
    ['a list', '[1]', /^output_schema: the file is a list/, /^write a JSON Schema/],
    ['two', 'type: object\n---\ntype: object\n', /more than one document/, /^remove the line ---/],
    ['a number over 2^53', '{"maximum": 9223372036854775807}', /over 2\^53/, /^write a smaller number/],
    ['no JSON', '{\n // mine\n "type": "object"}', /is no JSON from here on$/, /^correct this place/],
    ['too deep', `${'{"items":'.repeat(40)}{}${'}'.repeat(40)}`, /nested more than/, /^put what is deep into \$defs/],
    ['over 256 KiB', `{"enum":["${'x'.repeat(300_000)}"]}`, /is larger than 256 KiB$/, /^describe less/],
  ])('a file that is %s -> E_TASK_SCHEMA, in words of a schema', async (what, text, found, fix) => {
    const name = what === 'no JSON' ? 'own.json' : 'own.yaml';
    write(name, text);
    const error = await loaded(`${OK}output_schema: ${name}\n`).catch((cause: unknown) => cause);
    expect(SwarmError.is(error) && error.problems).toMatchObject([
      { code: 'E_TASK_SCHEMA', found: expect.stringMatching(found), fix: expect.stringMatching(fix) },
    ]);
  });

  it('a file outside of the roots -> E_PATH_ESCAPE', async () => {
    const path = write('task.yaml', `${OK}output_schema: ../../etc/schema.json\n`);
    await expect(loadTask(path, { roots: [folder] })).rejects.toMatchObject({ problems: [{ code: 'E_PATH_ESCAPE' }] });
  });
});
