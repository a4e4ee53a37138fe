import { expect, it } from 'vitest';
import { modelEnding } from '../../src/intake/retired-models.js';

const ref = (model: string, apiBase = 'https://api.openai.com/v1') => ({ provider: 'openai', model, apiBase, apiKeyEnv: null });

it('modelEnding: before its end a note with the successor, from that day on a fault', () => {
  const note = 'openai/gpt-4o-mini ends on 2027-01-14; its successor is openai/gpt-6-luna';
  expect(modelEnding(ref('gpt-4o-mini'), Date.parse('2027-01-13T23:59:59Z'))).toEqual({ note });
  const after = modelEnding(ref('gpt-4o-mini'), Date.parse('2027-01-14T00:00:00Z'));
  expect(after).toMatchObject({ fault: { code: 'E_MODEL_RETIRED', fix: 'write worker_model: openai/gpt-6-luna' } });
});

it('modelEnding: another model, or the same name behind another address -> nothing', () => {
  expect(modelEnding(ref('gpt-6-luna'), Date.parse('2030-01-01'))).toBeNull();
  expect(modelEnding(ref('gpt-4o-mini', 'https://proxy.example/v1'), Date.parse('2030-01-01'))).toBeNull();
});
