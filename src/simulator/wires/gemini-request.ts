/** Requests of generateContent, read as strictly as Google reads them: what it refuses is refused, in its words. */
import { type Fields, fieldsOf, isFields } from '../../core/fields.js';
import type { ChatRequest } from '../exchange.js';
import { isSigned, SKIP_SIGNATURE, turnSignature } from './gemini-signatures.js';

/** A text of an error 400. */
class Refused extends Error {}

function namesOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '));
}

/** By the name of a message of its protocol. */
const FIELDS = {
  request: namesOf(
    'cachedContent contents continuationToken generationConfig model safetySettings serviceTier systemInstruction toolConfig tools',
  ),
  generation_config: namesOf(
    'candidateCount enableEnhancedCivicAnswers frequencyPenalty imageConfig logprobs maxOutputTokens mediaResolution presencePenalty ' +
      'responseJsonSchema responseLogprobs responseMimeType responseModalities responseSchema seed speechConfig stopSequences ' +
      'temperature thinkingConfig topK topP',
  ),
  thinking_config: namesOf('includeThoughts thinkingBudget thinkingLevel'),
  content: namesOf('parts role'),
};
const THINKING_LEVELS = ['minimal', 'low', 'medium', 'high'];
/** What a part holds: exactly one of them. */
const PART_DATA = [
  ...['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode', 'codeExecutionResult'],
  ...['toolCall', 'toolResponse'],
];
const PART_FIELDS: ReadonlySet<string> = new Set([...PART_DATA, 'thought', 'thoughtSignature', 'videoMetadata', 'partMetadata']);

/** Models that want the signature of every call back: all but those of the first two generations. */
const SIGNS_CALLS = /(?:^|\/)gemini-(?![12](?:[.-]|$))/;

function known(value: unknown, fields: ReadonlySet<string>, place: string): Fields {
  if (!isFields(value)) throw new Refused(`Invalid value at '${place}', an object is required.`);
  const odd = Object.keys(value).find((name) => !fields.has(name));
  if (odd === undefined) return value;
  throw new Refused(
    `Invalid JSON payload received. Unknown name "${odd}"${place === '' ? '' : ` at '${place}'`}: Cannot find field.`,
  );
}

function wrongValue(place: string, value: unknown): Refused {
  return new Refused(`Invalid value at '${place}', ${JSON.stringify(value)}`);
}

/** A number within limits, or none. */
function numberOf(config: Fields, name: string, least: number, whole = false): number | null {
  const value = config[name] ?? null;
  if (value === null) return null;
  if (typeof value !== 'number' || (whole && !Number.isInteger(value)) || value < least) {
    throw wrongValue(`generation_config.${name}`, value);
  }
  return value;
}

/** Whether the model is to think: null, as it does by itself. Thoughts are written out when they are asked for. */
function thinksOf(thinking: Fields): boolean | null {
  const { thinkingBudget: budget, thinkingLevel: level, includeThoughts } = thinking;
  if (budget !== undefined && level !== undefined)
    throw new Refused('You can only set only one of thinking budget and thinking level.');
  const place = 'generation_config.thinking_config';
  if (budget !== undefined && !(Number.isInteger(budget) && (budget as number) >= -1))
    throw wrongValue(`${place}.thinking_budget`, budget);
  if (level !== undefined && !THINKING_LEVELS.includes(String(level).toLowerCase()))
    throw wrongValue(`${place}.thinking_level`, level);
  if (budget === 0) return false;
  return includeThoughts === true ? true : null;
}

interface Turn {
  role: 'user' | 'model';
  parts: Fields[];
}

function partOf(value: unknown, place: string): Fields {
  const part = known(value, PART_FIELDS, place);
  if (PART_DATA.filter((name) => part[name] !== undefined).length !== 1) {
    throw new Refused(`* GenerateContentRequest.${place}.data: required oneof field 'data' must have one initialized field`);
  }
  if (part['text'] !== undefined && typeof part['text'] !== 'string') throw wrongValue(`${place}.text`, part['text']);
  return part;
}

function partsOf(content: Fields, place: string): Fields[] {
  const { parts } = content;
  if (!Array.isArray(parts) || parts.length === 0) {
    throw new Refused(`* GenerateContentRequest.${place}.parts: contents.parts must not be empty.`);
  }
  return parts.map((part, at) => partOf(part, `${place}.parts[${at}]`));
}

function turnOf(value: unknown, at: number): Turn {
  const place = `contents[${at}]`;
  const content = known(value, FIELDS.content, place);
  const role = content['role'] ?? 'user';
  if (role !== 'user' && role !== 'model') throw new Refused('Please use a valid role: user, model.');
  return { role, parts: partsOf(content, place) };
}

function having(turn: Turn | undefined, name: string): Fields[] {
  return turn?.parts.filter((part) => part[name] !== undefined) ?? [];
}

/** Calls and their results follow one another, as many of these as of those. */
function checkOrder(turns: readonly Turn[]): void {
  turns.forEach((turn, at) => {
    const calls = having(turn, 'functionCall').length;
    const results = having(turn, 'functionResponse').length;
    if (calls > 0 && turns[at - 1]?.role !== 'user')
      throw new Refused(
        'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
      );
    const asked = having(turns[at - 1], 'functionCall').length;
    if (results > 0 && asked === 0)
      throw new Refused('Please ensure that function response turn comes immediately after a function call turn.');
    if (asked !== results && (asked > 0 || results > 0))
      throw new Refused(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
  });
}

/** What was signed comes back as it was, and calls come back signed. */
function checkSignatures({ parts }: Turn, at: number, model: string): void {
  parts.forEach(({ thoughtSignature: signature }, position) => {
    if (signature === undefined || signature === SKIP_SIGNATURE) return;
    if (typeof signature !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(signature)) {
      const place = `contents[${at}].parts[${position}].thought_signature`;
      throw new Refused(`Invalid value at '${place}' (TYPE_BYTES), Base64 decoding failed for ${JSON.stringify(signature)}`);
    }
    if (signature !== turnSignature(parts)) throw new Refused('Corrupted thought signature.');
  });
  const first = parts.findIndex((part) => part['functionCall'] !== undefined);
  if (first < 0 || !SIGNS_CALLS.test(model) || isSigned(parts[first])) return;
  const { name } = fieldsOf(parts[first]?.['functionCall']);
  throw new Refused(
    `Function call is missing a thought_signature in functionCall parts. Additional data, function call \`default_api:${name}\`, position ${at + 1}.`,
  );
}

function textsOf(parts: readonly Fields[]): string {
  return parts
    .filter(({ text, thought }) => typeof text === 'string' && thought !== true)
    .map(({ text }) => text)
    .join('');
}

function resultOf(part: Fields): string {
  const { response } = fieldsOf(part['functionResponse']);
  const { content } = fieldsOf(response);
  return typeof content === 'string' ? content : JSON.stringify(response ?? null);
}

/** As the other wires have it, so that the same conversation is the same row over all of them. */
function messagesOf(system: unknown, turns: readonly Turn[]): ChatRequest['messages'] {
  const messages: ChatRequest['messages'] = [];
  if (system !== undefined) {
    const content = known(system, FIELDS.content, 'system_instruction');
    messages.push({ role: 'system', content: textsOf(partsOf(content, 'system_instruction')) });
  }
  for (const { role, parts } of turns) {
    const results = parts.filter((part) => part['functionResponse'] !== undefined);
    for (const result of results) messages.push({ role: 'tool', content: resultOf(result) });
    if (results.length === 0) messages.push({ role: role === 'model' ? 'assistant' : 'user', content: textsOf(parts) });
  }
  return messages;
}

function requestOf(raw: unknown, model: string, stream: boolean): ChatRequest {
  const request = known(raw, FIELDS.request, '');
  const { contents } = request;
  if (!Array.isArray(contents) || contents.length === 0) {
    throw new Refused('* GenerateContentRequest.contents: contents is not specified');
  }
  const config = known(request['generationConfig'] ?? {}, FIELDS.generation_config, 'generation_config');
  numberOf(config, 'temperature', 0);
  numberOf(config, 'topP', 0);
  numberOf(config, 'seed', Number.MIN_SAFE_INTEGER, true);
  const thinks = thinksOf(known(config['thinkingConfig'] ?? {}, FIELDS.thinking_config, 'generation_config.thinking_config'));
  const turns = contents.map(turnOf);
  checkOrder(turns);
  turns.forEach((turn, at) => {
    if (turn.role === 'model') checkSignatures(turn, at, model);
  });
  const messages = messagesOf(request['systemInstruction'], turns);
  return { model, messages, maxTokens: numberOf(config, 'maxOutputTokens', 1, true), stream, includeUsage: true, thinks };
}

/** `model` and `stream`: as the path has them. The text of an error 400 for what Google would not take. */
export function readRequest(body: string, model: string, stream: boolean): ChatRequest | string {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    return 'Invalid JSON payload received. Unexpected token.';
  }
  try {
    return requestOf(raw, model, stream);
  } catch (refused) {
    if (refused instanceof Refused) return refused.message;
    throw refused;
  }
}
