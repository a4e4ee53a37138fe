/** Keys that become fields of the request: which of them the wire of the task has, and what extra_body may not hold. */
import type { Problem } from '../core/errors.js';
import type { TaskFile } from '../schema/task.js';
import { keyNotes } from '../schema/task.js';
import type { ModelRef } from '../schema/task-types.js';
import { ownerOfField, REQUEST_KEYS, WIRE_NAMES, WIRES } from '../schema/wires.js';

interface KeyFault {
  path: string[];
  fault: Omit<Problem, 'place'>;
}

const CODE = 'E_TASK_CONFLICT';

/** Fields that hold a value, one below another; a map that is empty is one of them. */
function* leaves(value: unknown, path: string[]): Generator<string[], void> {
  const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  if (inner.length === 0) yield path;
  for (const [name, below] of inner) yield* leaves(below, [...path, name]);
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
  for (const path of leaves(good.extra_body ?? {}, [])) {
    if (path.length === 0) continue;
    const field = path.join('.');
    const owner = ownerOfField(wire, field);
    if (owner === undefined) continue;
    const found = `extra_body holds ${field}, which ${owner === null ? 'this program decides' : `the key ${owner} sets`}`;
    const fix = owner === null ? `remove ${field}` : `remove ${field}, and write ${owner}`;
    const allowed = `fields of the ${wire} wire that no key of a task sets`;
    faults.push({ path: ['extra_body', ...path], fault: { code: CODE, found, allowed, fix } });
  }
  return faults;
}
