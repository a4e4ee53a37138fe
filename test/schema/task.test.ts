import { expect, test } from 'vitest';
import { z } from 'zod';
import { PROVIDERS, providerOfBase } from '../../src/schema/providers.js';
import { keyNotes, REQUIRED_KEYS, TASK_KEYS, taskFileSchema, UNSUPPORTED_KEYS } from '../../src/schema/task.js';

test('schema: every key -> a description and what is allowed', () => {
  for (const name of TASK_KEYS) {
    const { description, allowed } = keyNotes(name);
    expect([name, Boolean(description), Boolean(allowed)]).toEqual([name, true, true]);
  }
});

test('schema: JSON Schema of the input -> the required keys, and no other keys', () => {
  const schema = z.toJSONSchema(taskFileSchema, { io: 'input' });
  expect(schema.required).toEqual(REQUIRED_KEYS);
  expect(schema.additionalProperties).toBe(false);
  expect(schema.properties?.['worker_max_tokens']).toMatchObject({ default: 4096, type: 'integer' });
});

test('keys of later versions -> none is a key of this one', () => {
  expect(Object.keys(UNSUPPORTED_KEYS).filter((name) => Object.hasOwn(taskFileSchema.shape, name))).toEqual([]);
});

test('providers: every base -> normalised; public ones are found by their host', () => {
  for (const [name, { apiBase }] of Object.entries(PROVIDERS)) {
    if (apiBase === null) continue;
    expect(apiBase).not.toMatch(/\/$|\/chat\/completions/);
    expect(providerOfBase(apiBase)).toBe(apiBase.startsWith('https:') ? name : null);
  }
  expect(providerOfBase('https://api.openai.com.evil.example/v1')).toBeNull();
});
