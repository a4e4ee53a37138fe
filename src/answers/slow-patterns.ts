/** Patterns whose time has no bound: they are tried on hard texts, in the thread that may be killed. */
import { checkingThread } from './checking-thread.js';

/** All patterns together. */
const TRIED_MS = 1_000;

/** The first of them that takes longer than a text is worth; null for none. Only several repetitions, or one of alternatives, can. */
export async function slowPattern<Placed extends { pattern: string }>(
  patterns: readonly Placed[],
  flags: 'u' | 'm',
): Promise<Placed | null> {
  const risky = patterns.filter(({ pattern }) => (pattern.match(/[*+}|]/g)?.length ?? 0) > 1);
  if (risky.length === 0 || (await inTime(risky, flags))) return null;
  for (const one of risky) if (!(await inTime([one], flags))) return one;
  return null;
}

async function inTime(patterns: readonly { pattern: string }[], flags: 'u' | 'm'): Promise<boolean> {
  const job = { kind: 'patterns', patterns: patterns.map(({ pattern }) => pattern), flags } as const;
  return (await checkingThread.run(job, TRIED_MS)) !== null;
}

/** What is said of it. */
export function slowFault(pattern: string): { found: string; fix: string } {
  const found = `the pattern ${JSON.stringify(pattern.slice(0, 60))} takes too long on texts that do not match it`;
  return { found, fix: 'do not repeat what is repeated within: (a+)+ is a+' };
}
