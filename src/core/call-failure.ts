/** A call without an answer that is of use, as the wire read it: one vocabulary for all providers. */
import type { ToldLimits } from './gate/told-limits.js';
import type { Usage } from './model.js';

/**
 * What a failed call says of the next ones.
 * - `rate`: 429 and the like; wait `retryAfterMs` when given; not a try.
 * - `overload`: 503/529, connection refused by a busy server; wait, slow down; not a try.
 * - `transport`: may succeed when sent again: 5xx, reset, timeout, unreadable body; a try.
 * - `reset`: a daily quota: wait for the named reset.
 * - `billing`: the run pauses, exit 5. - `key`: likewise, key or permission.
 * - `row`: this row is refused for good. - `request`: bad request shape or model: fails the run when no row was ever answered, else the row.
 * - `local`: this process could not even open a connection (no free descriptor): wait; not a try; the run pauses, exit 7, when it lasts.
 * - `cancelled`: our own abort.
 */
export type FailureClass =
  | 'rate'
  | 'overload'
  | 'transport'
  | 'reset'
  | 'billing'
  | 'key'
  | 'row'
  | 'request'
  | 'local'
  | 'cancelled';

/**
 * Why a provider refused a call. What it says of the next calls is the class; whom it concerns and what it teaches follows from this.
 * - `rate`: a limit; `of`: which one ran out, null when that is not told. Only this teaches the gate a lower limit.
 * - `overload`: it has no room for anybody now.
 * - `money`: `prepaid`: what was paid in is used up; `limit`: a spend limit that the account's owner set or was given; `window`: too
 *   much was spent or reserved a moment ago, which passes.
 * - `key`, `permission`: the key, or what it may do.
 * - `request`: the request, whatever the row: its `model`, a `field` that we send and the provider names, the `address`; null: not told.
 * - `row`: what this row alone has.
 */
export type Refusal =
  | { kind: 'rate'; of: 'requests' | 'tokens' | 'day' | 'concurrency' | null }
  | { kind: 'overload' }
  | { kind: 'money'; of: 'prepaid' | 'limit' | 'window' }
  | { kind: 'key' }
  | { kind: 'permission' }
  | { kind: 'request'; of: 'model' | 'field' | 'address' | null }
  | { kind: 'row' };

export interface CallFailure {
  ok: false;
  class: FailureClass;
  /** Why it was refused. @default null, it was no refusal: the call got lost, or nobody can read what came */
  refusal?: Refusal | null;
  /** `E_...` of our own table. */
  code: string;
  /** HTTP status, when there was one. */
  status: number | null;
  /** Text for people, at most 200 characters, redacted. */
  message: string;
  /** What the headers told of the provider's limits. @default null, nothing */
  told?: ToldLimits | null;
  /** Wait asked for by the provider, from now; null when none was named. */
  retryAfterMs: number | null;
  /** False only when it is sure that the provider did not take the request for billing: no connection, 4xx, 429, its own error. */
  mayHaveBeenBilled: boolean;
  /** What the provider says that the call took, though its answer is of no use: then it is paid for, and not in doubt. @default null, nothing */
  metered?: Metered | null;
  /** What all rows may meet alike, whatever the row: their request, or the address. Read at the wire. @default null, it says nothing of other rows */
  suspect?: Suspect | null;
  /** What the address should have answered with, in the words of its wire: `chat completions`. Beside `suspect: 'address'`. @default null */
  wanted?: string | null;
  /** The field of the request that was refused. Beside a refusal of a `field`. @default null */
  field?: RefusedField | null;
}

/** A field of the request that the provider does not take as it is, and what sets it. */
export interface RefusedField {
  /** Key of the task: `temperature`, `extra_body.top_k`. */
  key: string;
  /** As the provider calls it: `max_completion_tokens`. */
  name: string;
  /** False: only a sentence names it, which may speak of one row alone. True: the provider has a field of its own for the name. */
  sure: boolean;
}

/**
 * - `request`: the provider refused what was asked, and named nothing that this row has alone.
 * - `address`: a success that holds no completion: something else lives at this address.
 */
export type Suspect = 'request' | 'address';

/** What an answer says of its own tokens and cost. */
export interface Metered {
  /** The model named in the answer. */
  servedModel: string;
  /** Null when the provider reported none, or nonsense: the reservation is charged. */
  usage: Usage | null;
  /** Tokens of the prompt that were written to a cache: part of the input, and dearer at some providers. @default 0 */
  cacheWritten?: number;
  /** What the provider says that this call cost, USD: it holds over the price list. @default null, it says nothing */
  costUsd?: number | null;
}
