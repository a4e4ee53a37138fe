/** The fields of a row in each file of a run, in their order: what programs read. docs/files.md is made from it. */
import type { Message } from '../core/conversation/message.js';
import type { FailureCause, Finish, Usage } from '../core/model.js';

/** What every line says of its row. */
interface RowHead {
  /** Id of the row: its own, or the one that was made from its content. */
  id: string;
  /** Position among the rows, from 0. */
  index: number;
}

interface SeededRow extends RowHead {
  /** The row as it was given: a text, or an object with its fields. Numbers keep all their digits. */
  seed: unknown;
}

/** A line of output.jsonl and output.partial.jsonl, an element of output.json: a row that is done. */
export interface OutputLine extends SeededRow {
  /**
   * The answer: a text, whose pieces are joined when they were asked for with `on_truncate: continue`; with `labels` the label, or a list of
   * them; with `output_schema` the value that meets it, its whole numbers with all their digits.
   */
  output: unknown;
  /** Model that answered last, as the provider named it. */
  model: string | null;
  /** How it ended its answer. */
  finish: Finish | null;
  /** Answered turns of the conversation. */
  turns: number;
  /** Tokens of all its answered calls. */
  usage: Usage;
  /** USD of all its answered calls, exact to 1e-9; null when nobody knows, since a price is not known. */
  cost_usd: number | null;
}

/** A line of failed.jsonl: a row that failed for good. `swarm retry` does it again. */
export interface FailedLine extends SeededRow {
  /** Why, coarse enough to retry by (`swarm retry --cause`). */
  cause: FailureCause | null;
  /** Why: a code of [rows that fail](errors.md#rows-that-fail). */
  code: string | null;
  /** The same in words; of what a provider says at most 200 characters, without keys. */
  message: string | null;
  /** With cause `schema`: its last answer, as the model gave it. */
  answer?: string;
  /** Calls that were answered or really failed; those that a limit refused were waits. 0: none was made. */
  attempts: number;
  /** USD of its answered calls, exact to 1e-9; null when nobody knows. */
  cost_usd: number | null;
}

/** A line of filtered.jsonl: a row whose answer a rule of the task took out. The file is there only when there are any. */
export interface FilteredLine extends SeededRow {
  /** The answer that was taken out. */
  output: string | null;
  /** The rule that took it out. */
  code: string | null;
  /** The same in words. */
  message: string | null;
  /** Model that answered last, as the provider named it. */
  model: string | null;
  /** USD of its answered calls, exact to 1e-9; null when nobody knows. */
  cost_usd: number | null;
}

/** A line of transcripts.jsonl (`transcripts: true`): the conversation of a row that has an answer, failed ones too. */
export interface TranscriptLine extends RowHead {
  /** In their order, without a question that was never sent. */
  messages: TranscriptMessage[];
}

interface TranscriptMessage {
  /** Who says it. */
  role: Message['role'];
  /** Its text. */
  content: string;
}

/** The columns of output.csv and output.parquet. csv: a header line, RFC 4180, `\n` line ends; null is an empty value. */
export interface TableRow extends RowHead {
  /** The row as it was given, as JSON text. */
  seed: string;
  /** The answer: a text or a label as it is, any other value as JSON text. */
  output: string | null;
  /** Model that answered last, as the provider named it. */
  model: string | null;
  /** How it ended its answer. */
  finish: Finish | null;
  /** Answered turns of the conversation. */
  turns: number;
  /** Tokens of the prompts, cached ones among them. */
  usage_input: number;
  /** Of these: from the provider's cache. */
  usage_cached: number;
  /** Tokens of the answers, reasoning among them. */
  usage_output: number;
  /** Of these: reasoning. */
  usage_reasoning: number;
  /** USD; csv: exact to 1e-9; parquet: the nearest double. Null when nobody knows. */
  cost_usd: number | null;
}
