/**
 * What some servers of this wire want otherwise than the rest. From the providers' API references and what their users report, November 2026;
 * each cell has a test. What they answer with is read alike (read.ts, usage.ts, finish.ts).
 */
import { isAzure } from '../../../schema/providers.js';

export interface Dialect {
  /** Field of the output limit, thinking included. Servers ignore names that they do not know, and then there is no limit at all. */
  outputLimit: 'max_tokens' | 'max_completion_tokens';
  seed: 'seed' | 'random_seed';
  /** How `reasoning_effort: none` is said: in the field like the others, or by `thinking: {type: disabled}`. */
  noThinking: 'reasoning_effort' | 'thinking';
  /** Field of a message in which thoughts go back; null: they are refused. */
  thoughts: 'reasoning_content' | 'reasoning' | null;
}

/**
 * What most servers take: DeepSeek, OpenRouter (`reasoning` is one more field, for extra_body), Together, vLLM, and llama.cpp, which has no
 * `max_completion_tokens` in versions before February 2026 (ggml-org/llama.cpp pull request 19831).
 */
const USUAL: Dialect = {
  outputLimit: 'max_tokens',
  seed: 'seed',
  noThinking: 'reasoning_effort',
  thoughts: 'reasoning_content',
};

interface Speakers {
  is(hostname: string): boolean;
  /** Of the models there. @default all */
  models?: RegExp;
  dialect: Partial<Dialect>;
}

const at =
  (host: string) =>
  (hostname: string): boolean =>
    hostname === host || hostname.endsWith(`.${host}`);

/** The first that fits counts. */
const SPEAKERS: readonly Speakers[] = [
  // Its reasoning models refuse the old name (platform.openai.com/docs/api-reference/chat/create).
  { is: at('api.openai.com'), dialect: { outputLimit: 'max_completion_tokens' } },
  // Models of Mistral are behind a checker of Mistral's fields there: 422 for any other (pydantic/pydantic-ai issue 6593,
  // langchain-ai/langchain-azure issue 82).
  {
    is: isAzure,
    models: /mistral|ministral|codestral|magistral|devstral|pixtral/i,
    dialect: { seed: 'random_seed', thoughts: null },
  },
  // learn.microsoft.com/azure/foundry/openai/latest: as OpenAI.
  { is: isAzure, dialect: { outputLimit: 'max_completion_tokens' } },
  // console.groq.com/docs/api-reference: max_tokens is deprecated; fields of a message that it does not know are refused.
  { is: at('api.groq.com'), dialect: { outputLimit: 'max_completion_tokens', thoughts: 'reasoning' } },
  // docs.mistral.ai/api: `random_seed`; fields that it does not know are refused with 422 (charmbracelet/crush issue 1590).
  { is: at('api.mistral.ai'), dialect: { seed: 'random_seed', thoughts: null } },
  // api-docs.deepseek.com/guides/thinking_mode: thinking is on by default, and only this field switches it off.
  { is: at('api.deepseek.com'), dialect: { noThinking: 'thinking' } },
  // docs.x.ai: max_tokens is deprecated, and the new name counts thinking, too.
  { is: at('api.x.ai'), dialect: { outputLimit: 'max_completion_tokens' } },
  // openrouter.ai/docs/use-cases/reasoning-tokens
  { is: at('openrouter.ai'), dialect: { thoughts: 'reasoning' } },
];

/** `hostname`: of the base; `model`: as it is sent. */
export function dialectOf(hostname: string, model: string): Dialect {
  const found = SPEAKERS.find(({ is, models }) => is(hostname) && (models === undefined || models.test(model)));
  return { ...USUAL, ...found?.dialect };
}

type Body = Record<string, unknown>;

function renamed(fields: Body, from: string, to: string | null): Body {
  if (from === to || !(from in fields)) return fields;
  const { [from]: value, ...rest } = fields;
  return to === null ? rest : { ...rest, [to]: value };
}

/** What is to be done to a request as the package builds it; null: nothing. */
export function requestDialect({ outputLimit, thoughts }: Dialect): ((body: Body) => Body) | null {
  if (outputLimit === USUAL.outputLimit && thoughts === USUAL.thoughts) return null;
  return ({ messages, ...body }) => ({
    ...renamed(body, USUAL.outputLimit, outputLimit),
    messages: (messages as Body[]).map((message) => renamed(message, 'reasoning_content', thoughts)),
  });
}

/** What is to be done to fields that keys of the task have set. */
export function finishDialect(body: Body, { seed, noThinking }: Dialect): void {
  if (seed !== 'seed' && 'seed' in body) {
    body[seed] = body['seed'];
    delete body['seed'];
  }
  if (noThinking === 'thinking' && body['reasoning_effort'] === 'none') {
    body['thinking'] = { type: 'disabled' };
    delete body['reasoning_effort'];
  }
}
