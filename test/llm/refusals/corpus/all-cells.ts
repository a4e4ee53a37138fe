/** All refusals of the corpus, and how one is read. */
import type { CallFailure } from '../../../../src/core/call-failure.js';
import { classifyRefusal } from '../../../../src/llm/refusals/classify.js';
import { familyOf } from '../../../../src/llm/refusals/family.js';
import type { SentField } from '../../../../src/llm/refusals/refused-field.js';
import { completionIn } from '../../../../src/llm/wires/chat/pieces.js';
import { REQUEST_KEYS, WIRE_NAMES, WIRES } from '../../../../src/schema/wires.js';
import type { Cell } from './cell.js';
import { FIELD_CELLS } from './field.js';
import { FIELD_ELSEWHERE } from './field-elsewhere.js';
import { LIMIT_CELLS } from './limits.js';
import { MODEL_CELLS } from './model.js';
import { MONEY_CELLS } from './money.js';
import { MONEY_ELSEWHERE } from './money-elsewhere.js';
import { NO_ROOM_CELLS } from './no-room.js';
import { REQUEST_CELLS } from './request.js';
import { ROW_CELLS } from './row.js';

/** All of them are read at this time. */
export const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
export const FACTS = { answers: { many: 'chat completions', one: 'a completion' }, now: NOW, secrets: [] };

export const CELLS: readonly Cell[] = [
  ...[...MONEY_CELLS, ...MONEY_ELSEWHERE, ...LIMIT_CELLS, ...NO_ROOM_CELLS],
  ...[...REQUEST_CELLS, ...MODEL_CELLS, ...FIELD_CELLS, ...FIELD_ELSEWHERE, ...ROW_CELLS],
];

/** As the first wire sends it that has it. */
function sentBy(key: string): SentField {
  const known = REQUEST_KEYS.find((one) => one === key);
  if (known === undefined)
    return { field: key.replace('extra_body.', '').replace('output_schema', 'response_format'), key: key.replace(/\..*/, '') };
  return { field: WIRE_NAMES.map((name) => WIRES[name].fields[known]).find((field) => field !== null) ?? key, key };
}

export function readCell({ by, status, headers = {}, body, sent = ['worker_max_tokens'] }: Cell): CallFailure {
  const family = by.startsWith('https:') ? familyOf(new URL(by).hostname, by) : familyOf(by, 'http://127.0.0.1:1/v1');
  const facts = { ...FACTS, family, sentFields: sent.map(sentBy) };
  return classifyRefusal(facts, { status, headers, body, value: completionIn(body).value });
}
