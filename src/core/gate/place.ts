/** An admitted turn: what it was charged with, and its call once it is sent. */
import type { Ticket } from './fair-queue.js';
import type { SentCall } from './learned.js';
import type { Line } from './line.js';

export interface Place {
  ticket: Ticket;
  line: Line;
  /** Tokens that it was charged with. */
  tokens: number;
  call: SentCall | null;
  /** What held it back before it was admitted. */
  held: SentCall['held'];
  /** It has a place among those of `workers: auto`; the run may be changed meanwhile. */
  auto: boolean;
}

/** Share of the window from which on a refusal may be due to it. */
const NEAR_WINDOW = 0.8;

/** The ceiling that a call meets which is sent as the `entered`th of those under way; near the window it may be either. */
export function heldBy(entered: number, window: number, before: SentCall['held']): SentCall['held'] {
  if (entered >= window) return 'window';
  return entered < NEAR_WINDOW * window ? before : null;
}
