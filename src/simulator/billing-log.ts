/**
 * The provider's own book: an append-only file of JSON lines, the truth that a client's ledger is compared with.
 *
 * A `call` line is written when the whole request body has arrived, in that order, and says at once whether the call is billed:
 * `{"e":"call","n","t","key","row","turn","model","status","billed","fault","prompt_tokens","completion_tokens","cost_nano",
 * "client_request_id"}`; the last is the request's `x-client-request-id`.
 * An `end` line says how it went out: `{"e":"end","n","t","end"}` with end `sent`, `gone` (the client left first) or `cut` (a fault).
 * A `reset` line is a request that an outage cut off before it was read: `{"e":"reset","t"}`.
 *
 * Billed is every call that was not refused with a 4xx or 5xx: also when the client is gone before the answer, and also when a
 * fault spoils the answer on its way (status 0 where no status was sent at all). Tokens and cost of a refused call are 0.
 * `cost_nano` is in 1e-9 USD by the price option. `key` is the digest (draw.ts) of seed option, model and messages, `row` that of the
 * first user message. A key's attempts are its lines: counting them here would take memory for each.
 */
import { closeSync, openSync, write, writeSync } from 'node:fs';
import { EXIT, SwarmError } from '../core/errors.js';

export interface CallLine {
  n: number;
  /** Ms since the Unix epoch. */
  t: number;
  key: string;
  row: string;
  turn: number;
  model: string;
  /** 0 when no status is sent. */
  status: number;
  billed: boolean;
  fault: string | null;
  prompt_tokens: number;
  completion_tokens: number;
  cost_nano: number;
  client_request_id: string | null;
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

  call(line: CallLine): void {
    this.append(`{"e":"call",${JSON.stringify(line).slice(1)}\n`);
  }

  end(n: number, t: number, end: 'sent' | 'gone' | 'cut'): void {
    this.append(`{"e":"end","n":${n},"t":${t},"end":"${end}"}\n`);
  }

  reset(t: number): void {
    this.append(`{"e":"reset","t":${t}}\n`);
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

  private append(line: string): void {
    if (this.failure) return;
    this.text += line;
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
