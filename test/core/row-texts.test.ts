import { expect, test } from 'vitest';
import { messageText } from '../../src/core/conversation/message.js';
import { nextStep } from '../../src/core/conversation/next-step.js';
import { rowTexts, templatesBeside } from '../../src/core/row-texts.js';
import { parseTaskObject } from '../../src/intake/parse-task.js';
import type { Task } from '../../src/schema/task-types.js';

function task(keys: object): Task {
  const source = { prompt_template: '{{text}}', worker_model: 'sim/x', ...keys };
  const { task: read, problems } = parseTaskObject(source);
  if (!read) throw new Error(JSON.stringify(problems));
  return read;
}

test('rowTexts: fields in system_prompt and follow_up -> filled in like those of the prompt', () => {
  const fill = rowTexts(
    task({ system_prompt: 'Answer in {{lang}}.', multi_turn: true, follow_up: 'More on {{text}}, {{{{x}}.' }),
  );
  const { prompt, rules } = fill({ text: 'a {{lang}}', lang: 'de' });
  const next = nextStep(rules, { prompt }, [{ answer: 'b', finish: 'stop' }]);
  expect(next.kind === 'ask' && next.messages.map(messageText)).toEqual([
    'Answer in de.',
    'a {{lang}}',
    'b',
    'More on a {{lang}}, {{x}}.',
  ]);
});

test('rowTexts: nothing to fill in beside the prompt -> the rules are those of the task', () => {
  const plain = task({ system_prompt: 'Be brief.' });
  expect(rowTexts(plain)({ text: 'x' }).rules).toBe(plain);
});

test('rowTexts: a stored run whose texts are no templates, or that its rows cannot fill -> sent as they stand', () => {
  const stored: Task = { ...task({}), systemPrompt: 'Use {{unknown}}.', followUp: 'Close {{' };
  expect(rowTexts(stored)({ text: 'x' }).rules).toMatchObject({ systemPrompt: 'Use {{unknown}}.', followUp: 'Close {{' });
});

test('rowTexts: a run of 0.1.0 -> what stands beside its prompt is sent as it stands, also where its rows could fill it', () => {
  const stored: Task = {
    ...task({ system_prompt: 'On {{text}}.', multi_turn: true, follow_up: 'More on {{text}}.' }),
    promptAlone: true,
  };
  const { prompt, rules } = rowTexts(stored)({ text: 'x' });
  expect([prompt, rules.systemPrompt, rules.followUp]).toEqual(['x', 'On {{text}}.', 'More on {{text}}.']);
});

test('templatesBeside: a follow_up that is never sent -> not asked of the rows', () => {
  const single = task({ system_prompt: '{{a}}', follow_up: '{{b}}' });
  expect(templatesBeside(single).flatMap(({ variables }) => variables)).toEqual(['a']);
  expect(templatesBeside({ ...single, multiTurn: true }).flatMap(({ variables }) => variables)).toEqual(['a', 'b']);
});
