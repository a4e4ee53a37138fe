/**
 * From the text of an answer to the JSON value in it. What is right as it stands is taken so; a value in prose, in a code fence or behind
 * thoughts is cut out; small slips of form are mended. Whatever could be read in two ways, or may have lost something, is refused: another
 * turn costs less than data that nobody knows to be wrong.
 */
import { jsonrepair } from 'jsonrepair';
import { MOST_PROBLEM, type Verdict } from '../core/conversation/answer-form.js';
import { exactJson, halfPairOffset, readJson } from '../core/exact-json.js';
import { type JsonBlock, jsonBlocks } from './json-blocks.js';
import { withoutFence, withoutThoughts } from './spoken.js';

/** What is wrong with a value; null for nothing. */
export type Validate = (value: unknown) => string | null;

/** Longer answers are taken only as they stand: mending takes time that grows faster than the text. */
export const MOST_REPAIRED = 64 * 1024;

/** Behind a value, or before it: signs that it is a part of more, whose brackets got lost, or the text of a link. */
const MORE_BEHIND = /^(?:\(|[\s}\]]*(?::|,\s*["'{[]|"[^"]{0,100}"\s*:))/;
const MORE_BEFORE = /["}\]]\s*,\s*$/;

function refused(problem: string): Verdict {
  return { ok: false, problem: problem.length > MOST_PROBLEM ? `${problem.slice(0, MOST_PROBLEM - 3)}...` : problem };
}

/** A text that JSON.parse takes. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function valid(text: string, validate: Validate): Verdict {
  try {
    const { value, doubt } = readJson(text);
    if (doubt !== null) return refused(doubt.found);
    const problem = validate(JSON.parse(text));
    if (problem !== null) return refused(problem);
    const json = exactJson(value);
    // No file of UTF-8 could hold it but as an escape.
    return halfPairOffset(json) < 0 ? { ok: true, json } : refused('a text in it holds half of a character');
  } catch (error) {
    if (error instanceof RangeError) return refused('it is nested too deep');
    throw error;
  }
}

/** JSON that was written as a JSON string, without the quotes around it; null for none. */
function unescaped(text: string): string | null {
  if (!/^[{[]\s*\\/.test(text) || !isJson(`"${text}"`)) return null;
  const inner: string = JSON.parse(`"${text}"`);
  return isJson(inner) ? inner : null;
}

/** The JSON of a block, mended where its form alone is wrong. */
function mended(text: string, { doubt, tokens }: JsonBlock): { json: string } | { problem: string } {
  if (isJson(text)) return { json: text };
  if (doubt !== null) return { problem: doubt };
  try {
    const json = jsonrepair(text);
    // Two readers that know nothing of each other: where they differ, nobody knows what was meant.
    const said = jsonBlocks(json).blocks[0]?.tokens ?? [];
    const isSame = said.length === tokens.length && said.every((token, at) => token === tokens[at]);
    return isJson(json) && isSame ? { json } : { problem: 'it is no JSON, and could be read in two ways' };
  } catch {
    return { problem: 'it is no JSON' };
  }
}

/** A value whose last bracket came too early, or one of a list without its brackets: what is beside it would be lost. */
function isPart(text: string, { from, to }: JsonBlock): boolean {
  return MORE_BEHIND.test(text.slice(to, to + 200)) || MORE_BEFORE.test(text.slice(Math.max(0, from - 50), from));
}

/** The one value among the blocks of a text that is valid. */
function ofBlocks(text: string, validate: Validate): Verdict {
  const { blocks, open } = jsonBlocks(text);
  if (open) return refused('the JSON in it does not end');
  if (blocks.length === 0) return refused('it holds no JSON');
  const verdicts = blocks.map((block) => {
    const found = mended(text.slice(block.from, block.to), block);
    return 'json' in found ? valid(found.json, validate) : refused(found.problem);
  });
  const good = verdicts.filter(({ ok }) => ok);
  if (good.length > 1) return refused(`it holds ${good.length} JSON values that could be meant`);
  const longest = blocks.reduce((most, { from, to }, at) => {
    const best = blocks[most];
    return best && to - from > best.to - best.from ? at : most;
  }, 0);
  const block = blocks[verdicts.findIndex(({ ok }) => ok)];
  if (block !== undefined && isPart(text, block)) return refused('its brackets do not pair');
  return good[0] ?? verdicts[longest] ?? refused('it holds no JSON');
}

/** Never throws. The answer is whole: of one that was cut nobody knows what is missing. */
export function readAnswer(answer: string, validate: Validate): Verdict {
  const text = answer.trim();
  if (isJson(text)) {
    const verdict = valid(text, validate);
    // JSON in a JSON string.
    const inner: unknown = verdict.ok || !text.startsWith('"') ? null : JSON.parse(text);
    if (typeof inner !== 'string' || !/^\s*[{[]/.test(inner)) return verdict;
    return isJson(inner) ? valid(inner, validate) : verdict;
  }
  if (Buffer.byteLength(text) > MOST_REPAIRED) return refused('it is no JSON as it stands, and too long to look for some in it');
  const spoken = withoutThoughts(text).trim();
  const bare = withoutFence(spoken);
  const whole = isJson(bare) ? bare : unescaped(bare);
  return whole === null ? ofBlocks(spoken, validate) : valid(whole, validate);
}
