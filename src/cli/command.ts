/** What a command is: declared as data, its work loaded only when it is called. */
import type { Session } from './session.js';
import type { ValueReader } from './values.js';

export interface ArgumentSpec {
  /** Upper case, as in the usage line. */
  name: string;
  about: string;
  /** Default true. */
  required?: boolean;
  /** Takes all that is left, as it is. Default false. */
  rest?: boolean;
}

export interface OptionSpec {
  /** `--total <n>`, or `--json` for a switch. */
  flags: string;
  about: string;
  /** Default: the text as typed. */
  read?: ValueReader<unknown>;
  /** Long forms that cannot be used together with this one, without dashes. */
  excludes?: readonly string[];
}

/** Does the work and returns the exit code. `options` are by name in camelCase; what was not given is absent. */
export type CommandRun<Options> = (session: Session, args: readonly string[], options: Options) => Promise<number>;

export interface CommandSpec {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** More for its own help. */
  details?: string;
  args: readonly ArgumentSpec[];
  options: readonly OptionSpec[] | (() => Promise<readonly OptionSpec[]>);
  /** Command lines with what they do. */
  examples: readonly (readonly [line: string, does: string])[];
  /** The command makes or answers calls itself, so its speed counts for more than its memory. Default false. */
  fast?: boolean;
  /** Options belong to another program: nothing is parsed here. Default false. */
  passThrough?: boolean;
  load: () => Promise<CommandRun<never>>;
}
