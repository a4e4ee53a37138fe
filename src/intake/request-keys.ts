/** Keys that become fields of the request: which of them the wire of the task has, and what extra_body may not hold. */
import type { Problem } from '../core/errors.js';
import type { TaskFile } from '../schema/task.js';
import { keyNotes } from '../schema/task.js';
import type { ModelRef } from '../schema/task-types.js';
import { isDearer, ownerOfField, REQUEST_KEYS, WIRE_NAMES, WIRES, type WireName } from '../schema/wires.js';
import { looksLikeSecret, secretFault } from './key-problems.js';

interface KeyFault {
  path: string[];
  fault: Omit<Problem, 'place'>;
}

const CODE = 'E_TASK_CONFLICT';
/** Fields, as far as they are ours, that say what form an answer has. */
const FORM = /^(?:[\w]+\.)?(?:response_?format|format|output_format|response_?mime_?type|response(?:_?json)?_?schema)(?=\.|$)/i;

interface Leaf {
  path: string[];
  value: unknown;
}

/** Fields that hold a value, one below another; a map that is empty is one of them. */
function* leaves(value: unknown, path: string[]): Generator<Leaf, void> {
  const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  if (inner.length === 0) yield { path, value };
  for (const [name, below] of inner) yield* leaves(below, [...path, name]);
}

/** What is wrong with a field of extra_body, if anything is. */
function leafFault({ path, value }: Leaf, wire: WireName, isPriced: boolean): KeyFault['fault'] | null {
  const field = path.join('.');
  const allowed = `fields of the ${wire} wire that no key of a task sets`;
  const owner = ownerOfField(wire, field);
  if (owner !== undefined) {
    const found = `extra_body holds ${field}, which ${owner === null ? 'this program decides' : `the key ${owner} sets`}`;
    const form = owner === null ? FORM.exec(field)?.[0] : undefined;
    if (form !== undefined) return { code: CODE, found, allowed, fix: `remove ${form}, and write output_schema` };
    const instead = owner === field ? `move ${field} out of extra_body` : `remove ${field}, and write ${owner}`;
    return { code: CODE, found, allowed, fix: owner === null ? `remove ${field}` : instead };
  }
  if ([value].flat().some(looksLikeSecret)) return secretFault(`extra_body.${field}`, value);
  if (isPriced || !isDearer(wire, field, value)) return null;
  const found = `extra_body asks for ${field}: ${String(value)}, which costs more than the price list says`;
  const fix = `remove ${field}, or add price: {input: ..., output: ...} with what its tokens cost, in USD per 1M`;
  return { code: CODE, found, allowed: `${field}: ${String(value)} with a price of the task`, fix };
}

/** What is wrong with these keys on the wire of the model; keys of the file that had problems of their own are absent from `good`. */
export function requestFaults(good: Partial<TaskFile>, model: ModelRef): KeyFault[] {
  const { wire = 'chat' } = model;
  const { fields, title } = WIRES[wire];
  const faults: KeyFault[] = [];
  for (const key of REQUEST_KEYS) {
    if (good[key] === undefined || fields[key] !== null) continue;
    const having = WIRE_NAMES.filter((name) => WIRES[name].fields[key] !== null);
    const found = `${key} is given, and requests of the ${wire} wire (${title}) have no field for it`;
    const fix = key === 'thinking_budget' ? 'use reasoning_effort, or remove the line' : 'remove the line';
    faults.push({ path: [key], fault: { code: CODE, found, allowed: `${key} on the wires ${having.join(', ')}`, fix } });
  }
  const { thinking_budget: budget, worker_max_tokens: most } = good;
  if (budget !== undefined && most !== undefined && budget >= most) {
    const found = `thinking_budget is ${budget}, and worker_max_tokens, which it is part of, is ${most}`;
    const fix = `write worker_max_tokens: ${budget + most}, or a smaller thinking_budget`;
    faults.push({ path: ['thinking_budget'], fault: { code: CODE, found, allowed: keyNotes('thinking_budget').allowed, fix } });
  }
  for (const leaf of leaves(good.extra_body ?? {}, [])) {
    const fault = leaf.path.length === 0 ? null : leafFault(leaf, wire, good.price !== undefined);
    if (fault !== null) faults.push({ path: ['extra_body', ...leaf.path], fault });
  }
  return faults;
}
