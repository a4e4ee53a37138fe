/**
 * Marks of the prompt cache (`cache_control`). Writing to it costs a quarter more than the tokens do, reading a tenth of them, for five
 * minutes since it was last read: so only what other calls send too is marked.
 */
import type { LanguageModelV3CallOptions, LanguageModelV3Message } from '@ai-sdk/provider';
import { isFields } from '../../../core/fields.js';
import type { Repeated } from '../../../core/repeated.js';

type Prompt = LanguageModelV3CallOptions['prompt'];

/** Name of our own option, which the package does not read. */
const OPTION = 'swarm';

export function repeatedOption(repeated: Repeated): NonNullable<LanguageModelV3CallOptions['providerOptions']> {
  return { [OPTION]: { ...repeated } };
}

export function repeatedIn(options: LanguageModelV3CallOptions['providerOptions']): Repeated | null {
  const { system, turns } = options?.[OPTION] ?? {};
  return turns === undefined ? null : { system: system === true, turns: turns as Repeated['turns'] };
}

/**
 * Least tokens of a prefix that is cached; the default for models that are not listed
 * (platform.claude.com/docs/en/build-with-claude/prompt-caching, November 2026). A mark on fewer does nothing and costs nothing.
 */
const LEAST: readonly [RegExp, number][] = [
  [/claude-(?:opus|fable|mythos)-5/, 512],
  [/claude-opus-4-7/, 2_048],
  [/claude-(?:opus-4-[56]|haiku-4-5)/, 4_096],
  [/claude-(?:3-haiku|3-5-haiku|haiku-3)/, 2_048],
  [/claude-/, 1_024],
];

/** Null: not a model that takes marks. Names may have a date behind, a vendor before, and points (`anthropic/claude-haiku-4.5`). */
export function leastCached(model: string): number | null {
  const name = model.toLowerCase().replaceAll('.', '-');
  return LEAST.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Of UTF-8; rather too few: what is marked for nothing costs nothing. */
const BYTES_PER_TOKEN = 3;

function bytesOf({ content }: LanguageModelV3Message): number {
  if (typeof content === 'string') return Buffer.byteLength(content);
  return content.reduce((sum, part) => sum + Buffer.byteLength('text' in part ? part.text : JSON.stringify(part)), 0);
}

/** The prompt with its marks: after the system prompt, after the newest message, and where the call before had its own. At most three; four are allowed. */
export function marked(prompt: Prompt, model: string, repeated: Repeated | null): Prompt {
  const least = leastCached(model);
  if (least === null || repeated === null) return prompt;
  const ends = new Set<number>();
  if (repeated.system && prompt[0]?.role === 'system') ends.add(0);
  if (repeated.turns !== 'none') ends.add(prompt.findLastIndex(({ role }) => role === 'assistant') - 1);
  if (repeated.turns === 'all') ends.add(prompt.length - 1);
  let bytes = 0;
  return prompt.map((message, at) => {
    bytes += bytesOf(message);
    return ends.has(at) && bytes >= least * BYTES_PER_TOKEN ? withMark(message) : message;
  });
}

function withMark<Message extends LanguageModelV3Message>(message: Message): Message {
  const anthropic = message.providerOptions?.['anthropic'];
  const own = { ...(isFields(anthropic) ? anthropic : {}), cacheControl: { type: 'ephemeral' } };
  return { ...message, providerOptions: { ...message.providerOptions, anthropic: own } };
}
