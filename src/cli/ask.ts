/** Questions to a person at a terminal. */
import type { CliContext } from './context.js';

/** Somebody is there to answer: a terminal at both ends, and no CI. */
export function canAsk({ stdinIsTerminal, stderr, config }: CliContext): boolean {
  return stdinIsTerminal && stderr.isTTY === true && !config.ci;
}

/** True for `y` or `yes`; anything else is no. */
export async function saysYes(context: CliContext, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await context.ask(`${question} [y/N] `)).trim());
}
