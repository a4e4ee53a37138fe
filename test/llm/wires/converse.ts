/** A row's conversation with a model over any wire, to its end: turns, tries and waits as in a run, without their time. */
import type { CallFailure } from '../../../src/core/call-failure.js';
import type { Message } from '../../../src/core/conversation/message.js';
import { type ConversationRules, checkedStep, type Step } from '../../../src/core/conversation/next-step.js';
import { addUsage, type NanoUsd, NO_USAGE, type Usage } from '../../../src/core/model.js';
import { costOf, SIM_PRICE } from '../../../src/core/money/price.js';
import { isTry, retryDecision } from '../../../src/core/retry.js';
import type { CallResult } from '../../../src/llm/port.js';

export interface Ended {
  kind: 'ok' | 'failed' | 'stopped';
  output?: string;
  cause?: string;
  code?: string;
  calls: number;
  /** Calls that may have been billed, and do not say what they took. */
  inDoubt: number;
  usage: Usage;
  costNano: NanoUsd;
  steps: Step[];
}

export const RULES: ConversationRules = {
  systemPrompt: null,
  multiTurn: false,
  maxTurns: 1,
  followUp: 'Go on.',
  stopWhen: [{ contains: '[DONE]' }],
  onTruncate: 'keep',
};

/** Calls of one row before somebody looks into the loop. */
const MOST_CALLS = 40;

export async function converse(
  ask: (messages: Message[]) => Promise<CallResult>,
  rules: ConversationRules,
  prompt: string,
): Promise<Ended> {
  const ended = { calls: 0, inDoubt: 0, usage: NO_USAGE, costNano: 0, steps: [] as Step[] };
  const book = ({ usage, cacheWritten }: { usage: Usage | null; cacheWritten?: number }) => {
    if (usage === null) ended.inDoubt += 1;
    else {
      ended.usage = addUsage(ended.usage, usage);
      ended.costNano += costOf(SIM_PRICE, { ...usage, ...(cacheWritten === undefined ? {} : { cacheWritten }) });
    }
  };
  for (let tries = 0, waits = 0; ended.calls < MOST_CALLS; ) {
    // As after a kill at any turn: from what is stored alone.
    const steps = JSON.parse(JSON.stringify(ended.steps)) as Step[];
    const next = await checkedStep(rules, { prompt }, steps, null);
    if (next.kind === 'ok') return { kind: 'ok', output: next.output, ...ended };
    if (next.kind === 'failed') return { kind: 'failed', cause: next.cause, code: next.code, ...ended };
    const result = await ask(next.messages);
    ended.calls += 1;
    if (result.ok) {
      book(result);
      ended.steps.push({ answer: result.answer, finish: result.finish });
      tries = 0;
      waits = 0;
      continue;
    }
    if (result.metered) book(result.metered);
    else if (result.mayHaveBeenBilled) ended.inDoubt += 1;
    if (isTry(result)) tries += 1;
    else waits += 1;
    const end = endBy(result, { tries, waits, answered: ended.steps.length > 0 });
    if (end !== null) return { ...end, ...ended };
  }
  throw new Error(`no end after ${MOST_CALLS} calls`);
}

/** Null: it is tried again. */
function endBy(failure: CallFailure, { tries, waits, answered }: { tries: number; waits: number; answered: boolean }) {
  const decision = retryDecision(failure, { tries, waits, anyAnswered: answered, random: 0.5 });
  if (decision.kind === 'again') return null;
  const { cause } = decision;
  return decision.kind === 'fail-row'
    ? { kind: 'failed' as const, cause, code: decision.code }
    : { kind: 'stopped' as const, cause, code: failure.code };
}
