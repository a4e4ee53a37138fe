/** Requests of the Responses wire, read as strictly as OpenAI reads them: what it refuses is refused, in its words. */
import { type Fields, fieldsOf, isFields } from '../../core/fields.js';
import type { ChatRequest } from '../exchange.js';
import { decrypted, thoughtsOfMessage } from './responses-thoughts.js';

/** A text of an error 400. */
class Refused extends Error {}

const FIELDS: ReadonlySet<string> = new Set<string>(
  (
    'background context_management conversation include input instructions max_output_tokens max_tool_calls metadata model ' +
    'parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning ' +
    'safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user'
  ).split(' '),
);
const ROLES = ['user', 'assistant', 'system', 'developer'];
const FEWEST_TOKENS = 16;

type Said = { role: string; content: string };

/** A list of parts of one type, or a text. */
function textOf(content: unknown, place: string, types: readonly string[]): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw new Refused(`Missing required parameter: '${place}'.`);
  return content
    .map((part, at) => {
      const { type, text, refusal } = fieldsOf(part);
      if (typeof type !== 'string' || !types.includes(type)) {
        throw new Refused(
          `Invalid value: '${type}'. Supported values are: ${types.map((one) => `'${one}'`).join(' and ')}. (${place}[${at}])`,
        );
      }
      const said = type === 'refusal' ? refusal : text;
      if (typeof said !== 'string') throw new Refused(`Missing required parameter: '${place}[${at}].text'.`);
      return said;
    })
    .join('');
}

/** What was said, with the items of one answer joined into one message, as the other wires send it. */
class Input {
  readonly said: Said[] = [];
  readonly #open = new Set<string>();
  readonly #calls = new Set<string>();
  /** Key of the thoughts before this item; null: none are. */
  #thoughts: string | null = null;

  add(item: Fields, place: string): void {
    const type = item['type'] ?? (item['role'] === undefined ? undefined : 'message');
    if (this.#thoughts !== null && (type === 'function_call_output' || (type === 'message' && item['role'] !== 'assistant')))
      this.end();
    if (type === 'message') this.#message(item, place);
    else if (type === 'reasoning') this.#reasoning(item, place);
    else if (type === 'function_call') this.#call(item, place);
    else if (type === 'function_call_output') this.#result(item, place);
    else if (type === 'item_reference') throw notStored(item['id']);
    else
      throw new Refused(
        `Invalid value: '${type}'. Supported values are: 'message', 'reasoning', 'function_call', ... (${place}.type)`,
      );
  }

  /** To be called after the last item. */
  end(): void {
    if (this.#thoughts !== null)
      throw new Refused(`Item 'rs_${this.#thoughts}' of type 'reasoning' was provided without its required following item.`);
    const [open] = this.#open;
    if (open !== undefined) throw new Refused(`No tool output found for function call ${open}.`);
  }

  #say(role: string, content: string): void {
    const last = this.said.at(-1);
    if (role === 'assistant' && last?.role === 'assistant') last.content += content;
    else this.said.push({ role, content });
  }

  #message({ id, role, content }: Fields, place: string): void {
    if (typeof role !== 'string' || !ROLES.includes(role)) {
      throw new Refused(
        `Invalid value: '${role}'. Supported values are: ${ROLES.map((one) => `'${one}'`).join(', ')}. (${place}.role)`,
      );
    }
    const thoughts = thoughtsOfMessage(id);
    if (thoughts !== null && this.#thoughts === null)
      throw new Refused(`Item '${id}' of type 'message' was provided without its required 'reasoning' item: 'rs_${thoughts}'.`);
    const isAnswer = role === 'assistant';
    this.#say(
      role === 'developer' ? 'system' : role,
      textOf(content, `${place}.content`, isAnswer ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file']),
    );
    if (isAnswer) this.#thoughts = null;
  }

  #reasoning({ id, encrypted_content: content, summary }: Fields, place: string): void {
    if (!Array.isArray(summary)) throw new Refused(`Missing required parameter: '${place}.summary'.`);
    if (content === undefined || content === null) throw notStored(id);
    const key = decrypted(content);
    if (key === null || (id !== undefined && id !== `rs_${key}`))
      throw new Refused(
        `The encrypted content for item ${id} could not be verified. Reason: Encrypted content could not be decrypted.`,
      );
    textOf(summary, `${place}.summary`, ['summary_text']);
    this.#thoughts = key;
  }

  #call({ call_id: id, name, arguments: input }: Fields, place: string): void {
    for (const [field, value] of Object.entries({ call_id: id, name, arguments: input }))
      if (typeof value !== 'string') throw new Refused(`Missing required parameter: '${place}.${field}'.`);
    this.#open.add(id as string);
    this.#calls.add(id as string);
    this.#say('assistant', '');
    this.#thoughts = null;
  }

  #result({ call_id: id, output }: Fields, place: string): void {
    if (typeof id !== 'string' || !this.#calls.has(id))
      throw new Refused(`No tool call found for function call output with call_id ${id}.`);
    this.#open.delete(id);
    this.#say('tool', textOf(output, `${place}.output`, ['input_text']));
  }
}

function notStored(id: unknown): Refused {
  return new Refused(
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
  );
}

function saidIn({ input, instructions }: Fields): Said[] {
  const before = typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
  if (typeof input === 'string') return [...before, { role: 'user', content: input }];
  if (!Array.isArray(input) || input.length === 0) throw new Refused("Missing required parameter: 'input'.");
  const items = new Input();
  for (const [at, item] of input.entries()) items.add(fieldsOf(item), `input[${at}]`);
  items.end();
  return [...before, ...items.said];
}

function limitOf(limit: unknown): number | null {
  if (limit === undefined || limit === null) return null;
  if (!Number.isInteger(limit)) throw new Refused("Invalid type for 'max_output_tokens': expected an integer.");
  if ((limit as number) < FEWEST_TOKENS)
    throw new Refused(
      `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= ${FEWEST_TOKENS}, but got ${limit} instead.`,
    );
  return limit as number;
}

function requestOf(body: Fields): ChatRequest {
  const unknown = Object.keys(body).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw new Refused(`Unknown parameter: '${unknown}'.`);
  const { model, include, reasoning } = body;
  if (typeof model !== 'string' || model === '') throw new Refused("Missing required parameter: 'model'.");
  const asksThoughts = Array.isArray(include) && include.includes('reasoning.encrypted_content');
  if (asksThoughts && /^gpt-[34]/.test(model)) throw new Refused('Encrypted content is not supported with this model.');
  return {
    model,
    messages: saidIn(body),
    maxTokens: limitOf(body['max_output_tokens']),
    stream: body['stream'] === true,
    includeUsage: true,
    thinks: isFields(reasoning) && reasoning['effort'] === 'none' ? false : null,
    thoughts: { encrypted: asksThoughts, summary: isFields(reasoning) && typeof reasoning['summary'] === 'string' },
  };
}

/** The request in a body, or the text of an error 400. */
export function readResponsesRequest(body: string): ChatRequest | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return 'We could not parse the JSON body of your request.';
  }
  if (!isFields(parsed)) return 'The body must be a JSON object.';
  try {
    return requestOf(parsed);
  } catch (refused) {
    if (refused instanceof Refused) return refused.message;
    throw refused;
  }
}
