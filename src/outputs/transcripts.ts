/** transcripts.jsonl: the conversation of every row that has an answer, in input order. */
import type { Message } from '../core/conversation/message.js';
import { callsByRow } from '../core/conversation/output.js';
import type { Seed } from '../schema/seed.js';
import type { CallRow } from '../store/port/store.js';
import { transcriptLine } from './row-lines.js';
import { FIRST_PAGE_ROWS, nextPageRows, type OutputReader } from './row-pages.js';
import type { Sink } from './sink.js';

/** The messages of a conversation, from its seed and its calls in order of turn and attempt. */
export type MessagesOf = (seed: Seed, calls: readonly CallRow[]) => readonly Message[] | Promise<readonly Message[]>;

/** Returns how many rows it wrote. Rows without any answer have no line. */
export async function writeTranscripts(
  store: OutputReader,
  runId: string,
  total: number,
  messagesOf: MessagesOf,
  sink: Sink,
): Promise<number> {
  let rows = 0;
  let limit = FIRST_PAGE_ROWS;
  for (let from = 0; from < total; ) {
    const range = { from, to: Math.min(total, from + limit) };
    const [seeds, calls] = await Promise.all([store.seeds(runId, range), store.calls(runId, range)]);
    const ofSeed = callsByRow(calls);
    let text = '';
    for (const seed of seeds) {
      const its = ofSeed.get(seed.index);
      if (!its?.some(({ state }) => state === 'answered')) continue;
      text += `${transcriptLine(seed, await messagesOf(seed, its))}\n`;
      rows += 1;
    }
    if (text !== '') await sink.write(text);
    from = range.to;
    limit = nextPageRows(seeds.length, text.length);
  }
  return rows;
}
