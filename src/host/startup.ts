/** How the start of a host goes on, for everybody who follows it: lines so far, then one end. */

import type { SwarmError } from '../core/errors.js';
import type { HostSettings } from '../core/host-settings.js';
import type { HostInfo } from '../host-protocol.js';

export type StartupEnd =
  | { kind: 'ready'; info: HostInfo; settings: HostSettings }
  | { kind: 'failed'; error: SwarmError }
  | { kind: 'stopping' };

export interface StartupFollower {
  onLine(line: string): void;
  onEnd(end: StartupEnd): void;
}

/** A late follower gets at most this many of the earlier lines. */
const LINES_KEPT = 50;

export class Startup {
  #lines: string[] = [];
  #end: StartupEnd | null = null;
  readonly #followers = new Set<StartupFollower>();
  #told = false;

  get lastLine(): string {
    return this.#lines.at(-1) ?? '';
  }

  get end(): StartupEnd | null {
    return this.#end;
  }

  /** True when somebody was told the end. */
  get told(): boolean {
    return this.#told;
  }

  say(line: string): void {
    this.#lines = [...this.#lines, line].slice(-LINES_KEPT);
    if (this.#end !== null) return;
    for (const follower of this.#followers) follower.onLine(line);
  }

  /** Ready may be followed by stopping; every other end is final. */
  finish(end: StartupEnd): void {
    if (this.#end !== null && this.#end.kind !== 'ready') return;
    this.#end = end;
    for (const follower of this.#followers) this.#tell(follower, end);
    this.#followers.clear();
  }

  /** Tells the lines so far, unless it has ended; then what follows. Returns the way to stop following. */
  follow(follower: StartupFollower): () => void {
    if (this.#end !== null) {
      this.#tell(follower, this.#end);
      return () => undefined;
    }
    for (const line of this.#lines) follower.onLine(line);
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #tell(follower: StartupFollower, end: StartupEnd): void {
    this.#told = true;
    follower.onEnd(end);
  }
}

/** All values, or the first error; but never before all have settled, so that what was opened is known and can be closed. */
export async function allOrFirstError<A, B>(...work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return await Promise.all(work);
}
