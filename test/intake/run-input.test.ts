import { describe, expect, it } from 'vitest';
import { readRunInput } from '../../src/intake/run-input.js';

const good: unknown[] = [
  { task: 'task.yaml' },
  { task: '/a/task.yaml', limit: 3, total: 9 },
  { prompts: ['one', ''] },
  { prompts: ['one'], model: 'sim/quick', apiBase: 'https://a.example/v1', apiKeyEnv: 'A_KEY' },
];

const bad: [unknown, RegExp][] = [
  [undefined, /is not given/],
  [null, /is no object/],
  ['task.yaml', /is no object/],
  [[{ task: 'task.yaml' }], /is no object/],
  [{}, /has the keys \(none\)/],
  [{ tasks: 'task.yaml' }, /has the keys tasks/],
  [{ task: 'task.yaml', prompts: ['one'] }, /has the key "prompts" beside task/],
  [{ task: 'task.yaml', outputDir: '/tmp/mine' }, /has the key "outputDir" beside task[\s\S]*the task file says the rest/],
  [{ task: 'task.yaml', limits: 3 }, /did you mean limit\?/],
  [{ task: '' }, /task of the workflow's input is not the path/],
  [{ task: 7 }, /task of the workflow's input is not the path/],
  [{ task: 'task.yaml', limit: 0 }, /limit of the workflow's input is not a whole number above 0/],
  [{ task: 'task.yaml', total: '9' }, /total of/],
  [{ prompts: [] }, /prompts of the workflow's input is not a list of texts/],
  [{ prompts: 'one' }, /prompts of/],
  [{ prompts: ['one', { text: 'two' }] }, /prompts of/],
  [{ prompts: ['one'], headers: { authorization: 'x' } }, /has the key "headers" beside prompts/],
  [{ prompts: ['one'], apiBase: ['https://a.example'] }, /apiBase of/],
  [{ prompts: ['one'], apiKeyEnv: null }, /apiKeyEnv of/],
];

describe('input of plain Temporal', () => {
  it.each(good)('%j -> as given', (input) => {
    expect(readRunInput(input)).toEqual(input);
  });

  it.each(bad)('%j -> E_RUN_INPUT', (input, message) => {
    expect(() => readRunInput(input)).toThrow(expect.objectContaining({ code: 'E_RUN_INPUT', exitCode: 2 }));
    expect(() => readRunInput(input)).toThrow(message);
  });
});
