/**
 * What a task writes of a request goes out as it is written, whatever a provider package makes of it: some drop a field that they think a
 * model does not take. A provider that does not take it says so, and the run stops at its first call.
 */
import { isFields } from '../core/fields.js';
import type { RequestSettings } from '../schema/task-types.js';
import { type RequestKey, WIRES, type WireName } from '../schema/wires.js';
import type { ModelCall } from './port.js';
import type { SentField } from './refusals/refused-field.js';
import type { Wire } from './wires/wire.js';

type Body = Record<string, unknown>;

/** Sets a field by its path with points. */
export function setField(body: Body, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() as string;
  let at = body;
  for (const name of names) {
    if (!isFields(at[name])) at[name] = {};
    at = at[name] as Body;
  }
  at[last] = value;
}

/** Maps are merged, any other value takes the place of what was there. */
function merge(into: Body, from: Body): void {
  for (const [name, value] of Object.entries(from)) {
    const there = Object.hasOwn(into, name) ? into[name] : undefined;
    if (isFields(value) && isFields(there)) merge(there, value);
    // As data: a name such as __proto__ is a field like any other.
    else Object.defineProperty(into, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** Keys of a task by the settings that they became. */
function written({ temperature, topP, seed, stop, reasoningEffort, thinkingBudget }: RequestSettings): [RequestKey, unknown][] {
  const values: [RequestKey, unknown][] = [
    ['temperature', temperature ?? undefined],
    ['top_p', topP ?? undefined],
    ['seed', seed],
    ['stop', stop],
    ['reasoning_effort', reasoningEffort],
    ['thinking_budget', thinkingBudget],
  ];
  return values.filter(([, value]) => value !== undefined);
}

/** Where the schema of an answer goes. */
const SCHEMA_FIELDS: Readonly<Record<WireName, string>> = {
  chat: 'response_format',
  responses: 'text.format',
  anthropic: 'output_config.format',
  gemini: 'generationConfig.responseSchema',
  ollama: 'format',
};

/** Keys of the task that the call's request has a field of, and the names of those fields. */
export function sentFields({
  model: { wire = 'chat' },
  settings,
  answerSchema,
}: Pick<ModelCall, 'model' | 'settings' | 'answerSchema'>): SentField[] {
  const { fields } = WIRES[wire];
  const keys: RequestKey[] = ['worker_max_tokens', ...written(settings).map(([key]) => key)];
  const own: SentField[] = keys.flatMap((key) => (fields[key] === null ? [] : [{ field: fields[key], key }]));
  if (answerSchema) own.push({ field: SCHEMA_FIELDS[wire], key: 'output_schema' });
  return [...own, ...Object.keys(settings.extraBody ?? {}).map((field) => ({ field, key: 'extra_body' }))];
}

/** What is to be done to the body that the package built; null: it is sent as it is. Long prompts are not parsed again for nothing. */
export function bodyFinisher(wire: Wire, call: ModelCall): ((body: string) => string) | null {
  const { settings, model } = call;
  const { wire: name = 'chat' } = model;
  const { fields } = WIRES[name];
  // The package of the chat wire sends these two whatever the model.
  const given = written(settings).filter(([key]) => name !== 'chat' || (key !== 'temperature' && key !== 'top_p'));
  if (given.length === 0 && settings.extraBody === undefined) return null;
  return (text) => {
    const body = JSON.parse(text) as Body;
    merge(body, settings.extraBody ?? {});
    const limit = fields.worker_max_tokens;
    if (name !== 'chat' && limit !== null) setField(body, limit, call.maxTokens);
    for (const [key, value] of given) {
      const field = fields[key];
      if (field !== null) setField(body, field, value);
    }
    wire.finish?.(body, call);
    return JSON.stringify(body);
  };
}
