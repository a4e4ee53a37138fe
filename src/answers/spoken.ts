/** What a model means to say, without what stands around it: thoughts that it wrote into its answer, a code fence. */
import { jsonBlocks } from './json-blocks.js';

const THOUGHTS_END = /<\/(?:think|thinking|thought|reasoning)>/gi;
const THOUGHTS_BEGIN = /^\s*<(?:think|thinking|thought|reasoning)>/i;
const FENCED = /^```[\w+-]*[ \t]*\r?\n([\s\S]*?)\r?\n?```$/;

/** What follows the thoughts; '' when they do not end. */
export function withoutThoughts(text: string): string {
  const ends = [...text.matchAll(THOUGHTS_END)].map(({ index, 0: tag }) => index + tag.length);
  if (ends.length === 0) return THOUGHTS_BEGIN.test(text) ? '' : text;
  // A value may speak of such a tag: what is within its brackets ends no thoughts.
  const { blocks } = jsonBlocks(text);
  const last = ends.findLast((end) => !blocks.some(({ from, to }) => from < end && end < to));
  return last === undefined ? text : text.slice(last);
}

/** What a code fence around the whole text holds; the text itself without one. */
export function withoutFence(text: string): string {
  return FENCED.exec(text)?.[1]?.trim() ?? text;
}
