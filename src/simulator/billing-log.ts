/**
 * The provider's own book: an append-only file of JSON lines, the truth that a client's ledger is compared with.
 *
 * A `call` line is written when the whole request body has arrived, in that order, and says at once whether the call is billed, an `end`
 * line how it went out. Billed is every call that was not refused with a 4xx or 5xx: also when the client is gone before the answer, and also
 * when a fault spoils the answer on its way. A key's attempts are its lines: counting them here would take memory for each.
 */
import { closeSync, openSync, write, writeSync } from 'node:fs';
import { EXIT, SwarmError } from '../core/errors.js';

/** A request whose whole body has arrived, in that order. */
export interface CallLine {
  e: 'call';
  /** Number of the request, from 1. */
  n: number;
  /** Ms since the Unix epoch. */
  t: number;
  /** Digest of the option `--seed`, the model and the messages: the same for each attempt at a call. */
  key: string;
  /** Digest of the first user message. */
  row: string;
  /** Turn of the conversation, from 1. */
  turn: number;
  /** Model that was asked for. */
  model: string;
  /** HTTP status of the answer; 0 when none is sent. */
  status: number;
  /** True for every call that is not refused, also where its answer is spoilt or nobody waits for it. */
  billed: boolean;
  /** Fault that was drawn for it; null: none. */
  fault: string | null;
  /** Tokens of the prompt; 0 of a refused call. */
  prompt_tokens: number;
  /** Tokens of the answer; 0 of a refused call. */
  completion_tokens: number;
  /** Nano-USD (1e-9 USD) by the option `--price`; 0 of a refused call. */
  cost_nano: number;
  /** The request's `x-client-request-id`; null: it has none. */
  client_request_id: string | null;
}

/** How a request went out. */
export interface EndLine {
  e: 'end';
  /** Number of the request. */
  n: number;
  /** Ms since the Unix epoch. */
  t: number;
  /** `sent`; `gone`: the client left first; `cut`: a fault. */
  end: 'sent' | 'gone' | 'cut';
}

/** A request that an outage cut off before it was read. */
export interface ResetLine {
  e: 'reset';
  /** Ms since the Unix epoch. */
  t: number;
}

/** Longest time that a line stays in memory. */
const FLUSH_MS = 4;
const FLUSH_CHARS = 64 * 1024;

export class BillingLog {
  private readonly file: number;
  private text = '';
  private timer: NodeJS.Timeout | null = null;
  private writing = false;
  private failure: Error | null = null;

  constructor(path: string) {
    try {
      this.file = openSync(path, 'a', 0o644);
    } catch (error) {
      throw new SwarmError(
        {
          code: 'E_SIM_LOG',
          place: { file: path },
          found: `the log cannot be opened (${(error as NodeJS.ErrnoException).code})`,
          fix: 'name a file in a folder that exists and can be written',
        },
        EXIT.diskWrite,
      );
    }
  }

  call(line: Omit<CallLine, 'e'>): void {
    this.append({ e: 'call', ...line });
  }

  end(n: number, t: number, end: EndLine['end']): void {
    this.append({ e: 'end', n, t, end });
  }

  reset(t: number): void {
    this.append({ e: 'reset', t });
  }

  /** Writes what is left. Throws when any write failed, so that a book with holes is never taken for whole. */
  async close(): Promise<void> {
    while (this.writing) await new Promise((resolve) => setImmediate(resolve));
    if (this.timer) clearTimeout(this.timer);
    if (this.text && !this.failure) writeSync(this.file, this.text);
    this.text = '';
    closeSync(this.file);
    if (this.failure) throw this.failure;
  }

  private append(line: CallLine | EndLine | ResetLine): void {
    if (this.failure) return;
    this.text += `${JSON.stringify(line)}\n`;
    if (this.text.length >= FLUSH_CHARS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** One write at a time, so that the file has the order of the calls. */
  private flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.writing || this.text === '') return;
    const bytes = Buffer.from(this.text);
    this.text = '';
    this.writing = true;
    this.writeAll(bytes, 0);
  }

  private writeAll(bytes: Buffer, from: number): void {
    write(this.file, bytes, from, bytes.length - from, null, (error, written) => {
      if (!error && from + written < bytes.length) return this.writeAll(bytes, from + written);
      this.writing = false;
      if (error) this.failure = error;
      else if (this.text) this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
    });
  }
}
