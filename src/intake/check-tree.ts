/** What no task may hold at any depth: forbidden keys and control characters. */
import { HALF_PAIR } from './half-pairs.js';
import type { KeyPath, TaskProblems } from './task-problems.js';

/** Keys that would reach into the prototype of an object. */
export const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]/;

/** First control character of a text: its offset and name. Tabs and line ends are fine. */
export function controlCharacter(text: string): { offset: number; name: string } | null {
  const match = CONTROL.exec(text);
  if (!match) return null;
  return { offset: match.index, name: `U+${match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}` };
}

/** Forbidden keys and control characters, at any depth. */
export function checkTree(reading: TaskProblems, value: unknown, path: KeyPath): void {
  if (typeof value === 'string') {
    const control = controlCharacter(value);
    if (control && path[0] !== 'headers') {
      reading.add(reading.places.value(path), {
        code: 'E_TASK_CONTROL_CHAR',
        found: `${path.join('.')} holds the control character ${control.name}`,
        allowed: 'printable characters, tabs and line ends',
        fix: 'take it out',
      });
    }
    if (!value.isWellFormed())
      reading.add(reading.places.value(path), { ...HALF_PAIR, found: `${path.join('.')} ${HALF_PAIR.found}` });
    return;
  }
  if (typeof value !== 'object' || value === null || path.length > 8) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      checkTree(reading, item, [...path, index]);
    });
    return;
  }
  for (const name of Object.getOwnPropertyNames(value)) {
    if (FORBIDDEN.has(name)) {
      reading.add(reading.places.key([...path, name]), {
        code: 'E_TASK_FORBIDDEN_KEY',
        found: `${name} is not allowed as a key`,
        allowed: 'the keys of docs/task-reference.md',
        fix: 'remove it',
      });
    } else checkTree(reading, (value as Record<string, unknown>)[name], [...path, name]);
  }
}
