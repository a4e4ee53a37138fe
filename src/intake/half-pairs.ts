/** Half a surrogate pair is no character: it cannot be written as UTF-8, and a strict provider refuses the whole request for it. */

/** The fault, without its place; `found` goes on after the name of what holds it. */
export const HALF_PAIR = {
  code: 'E_HALF_PAIR',
  found: 'holds half of a surrogate pair (an escape such as \\ud83d without its other half)',
  allowed: 'text that can be written as UTF-8',
  fix: 'write the whole character, or take the half out',
};

/** Path to the first text, or name of a field, that holds a half; null when none does. `[]` is the value itself. */
export function halfPairPath(value: unknown): string[] | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : [];
  if (typeof value !== 'object' || value === null) return null;
  for (const name of Object.keys(value)) {
    if (!name.isWellFormed()) return [name.toWellFormed()];
    const path = halfPairPath((value as Record<string, unknown>)[name]);
    if (path !== null) return [name, ...path];
  }
  return null;
}
