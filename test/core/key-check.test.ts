import { expect, test } from 'vitest';
import { checkKey } from '../../src/core/key-check.js';

test.each([undefined, ''])('checkKey: unset (%j) -> E_KEY_MISSING with the name only (B41)', (value) => {
  const problem = checkKey('MY_KEY', value);
  expect(problem?.code).toBe('E_KEY_MISSING');
  expect(problem?.found).toContain('MY_KEY');
});

test.each([
  'sk-abc\ndef',
  'sk-abc\r',
  ' sk-abc',
  '"sk-abc"',
  'sk-\u200babc',
  'sk-abç',
  'sk abc',
  'your-key',
  'YOUR_API_KEY',
  'your-openai-api-key',
  '<key>',
  'xxxx',
  'sk-...',
  'changeme',
])('checkKey: %j -> E_KEY_FORMAT with its length only (B42)', (value) => {
  const problem = checkKey('MY_KEY', value);
  expect(problem?.code).toBe('E_KEY_FORMAT');
  expect(problem?.found).toContain(`${value.length} characters`);
  expect(JSON.stringify(problem)).not.toContain(JSON.stringify(value).slice(1, -1));
});

test.each(['sk-proj-4f9Xq_2', 'gsk_9a8b7c', 'AIzaSyD-9tSrke72', 'local'])('checkKey: %j -> usable', (value) => {
  expect(checkKey('MY_KEY', value)).toBeNull();
});
