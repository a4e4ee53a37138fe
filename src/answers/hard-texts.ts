/** Texts on which a pattern that backtracks without bound shows it: long runs of what it repeats, and an end that it does not take. */

const LONG = 1_000;
const NEVER = '\u0000';

export function hardTexts(pattern: string): string[] {
  const own = [...new Set(pattern.replace(/\\./g, '').match(/[\p{L}\p{N} _.,@/-]/gu) ?? [])].slice(0, 12);
  const runs = [...new Set([...own, 'a', 'A', '0', ' ', '-', 'a0', 'a ', 'a.', own.join('')])].filter((run) => run !== '');
  return runs.map((run) => run.repeat(Math.ceil(LONG / run.length)) + NEVER);
}
