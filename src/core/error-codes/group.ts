/** What the table of error codes is made of. */
import type { EXIT } from '../errors.js';

/** Name of an exit code. */
export type ExitName = keyof typeof EXIT;

/** What a code says, whatever the text around it. */
export interface CodeMeaning {
  /** A sentence. */
  means: string;
  /** What to do about it. */
  fix: string;
  /** What a command that it ends exits with. @default those of the group */
  exits?: readonly ExitName[];
}

/** Codes that are met in one place. */
export interface CodeGroup {
  title: string;
  /** When they are met. */
  about: string;
  /** None: they end no command; they stand in files, answers or logs. */
  exits: readonly ExitName[];
  codes: Readonly<Record<string, CodeMeaning>>;
}
