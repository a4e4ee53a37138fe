/** What the checking thread and who asks it say to each other. */
import type { Verdict } from '../core/conversation/answer-form.js';

export type ThreadJob =
  /** `schema`: as JSON, so that the same one is known again. */
  | { kind: 'check'; schema: string; text: string }
  /** Patterns of a person, on texts that are hard for careless ones. */
  | { kind: 'patterns'; patterns: readonly string[]; flags: 'u' | 'm' };

export type ThreadAnswer = 'ready' | { verdict: Verdict } | { tried: true };
