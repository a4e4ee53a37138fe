/** The commands as a commander program, and its complaints as our problems. */
import { Argument, Command, type CommanderError, Option } from 'commander';
import { nearest } from '../core/nearest.js';
import { packageVersion } from '../package-info.js';
import type { CommandSpec, OptionSpec } from './command.js';
import { COMMANDS } from './commands.js';
import { usageError } from './problems.js';

/** A command line that was understood. */
export interface Call {
  spec: CommandSpec;
  args: readonly string[];
  options: Readonly<Record<string, unknown>>;
  /** `--debug`: stack traces. */
  debug: boolean;
}

const DEBUG: OptionSpec = { flags: '--debug', about: 'show stack traces of errors' };

function addOption(command: Command, { flags, about, read, excludes }: OptionSpec): void {
  const option = new Option(flags, about);
  const name = option.long ?? flags;
  if (read !== undefined) option.argParser((value: string) => read(value, name));
  if (excludes !== undefined) option.conflicts([...excludes]);
  command.addOption(option);
  let seen = false;
  command.on(`option:${option.name()}`, () => {
    if (seen) throw usageError('E_CLI_REPEATED', `${name} is given twice`, { fix: 'give it once' });
    seen = true;
  });
}

function exampleText(spec: CommandSpec): string {
  const lines = spec.examples.map(([line, does]) => `  ${line}\n      ${does}`);
  return `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.join('\n')}`;
}

/** Parsed options without those that were not given. */
function given(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => value !== undefined && name !== 'debug'));
}

async function addCommand(program: Command, spec: CommandSpec, onCall: (call: Call) => void, whole: boolean): Promise<void> {
  const command = program.command(spec.name).summary(spec.summary);
  command.description(`${spec.summary}${spec.details === undefined ? '' : `\n\n${spec.details}`}`);
  for (const { name, about, required, rest } of spec.args) {
    const shown = `${name}${rest ? '...' : ''}`;
    command.addArgument(new Argument(required === false ? `[${shown}]` : `<${shown}>`, about));
  }
  for (const option of await optionsOf(spec, whole)) addOption(command, option);
  if (spec.passThrough) command.passThroughOptions().allowUnknownOption().helpOption(false);
  else addOption(command, DEBUG);
  command.addHelpText('after', exampleText(spec));
  command.action(() => {
    const args = spec.passThrough ? command.args : command.processedArgs.filter((arg) => arg !== undefined);
    const debug = command.opts()['debug'] === true || program.opts()['debug'] === true;
    onCall({ spec, args, options: given(command.opts()), debug });
  });
}

/** Options that live in another part are loaded only when they are needed. */
async function optionsOf({ options }: CommandSpec, whole: boolean): Promise<readonly OptionSpec[]> {
  if (typeof options !== 'function') return options;
  return whole ? await options() : [];
}

export interface ProgramOutput {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Columns of help texts. */
  width: number;
}

/**
 * The program. Nothing is run by it: a command line that was understood is handed to `onCall`.
 * `wanted` are the words that may name a command; null = all commands with all options.
 */
export async function buildProgram(
  output: ProgramOutput,
  wanted: readonly string[] | null,
  onCall: (call: Call) => void,
): Promise<Command> {
  const program = new Command('swarm')
    .configureOutput({
      writeOut: output.out,
      writeErr: output.err,
      // Complaints are told as problems, not by commander.
      outputError: () => undefined,
      getOutHelpWidth: () => output.width,
      getErrHelpWidth: () => output.width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .description('Give it a task file and rows: a swarm of LLM workers does the rows in parallel, durably.')
    .usage('COMMAND [options]')
    .version(packageVersion, '--version', 'print the version')
    .helpOption('--help', 'show help')
    .helpCommand('help [COMMAND]', 'show help for a command')
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    .exitOverride();
  addOption(program, DEBUG);
  for (const spec of COMMANDS) await addCommand(program, spec, onCall, wanted === null || wanted.includes(spec.name));
  program.addHelpText(
    'after',
    '\nExit codes: 0 all ok, 1 some rows failed, 2 bad input, 3 cap reached, 4 Temporal, host or provider unreachable,\n' +
      '5 key or billing refused, 6 locked by another process, 7 disk or output write, 70 our bug, 130 and 143 signals.',
  );
  return program;
}

function longFlags(program: Command, name: string | undefined): string[] {
  const command = program.commands.find((one) => one.name() === name) ?? program;
  return [...command.options.map((option) => option.long ?? ''), '--help'].filter((flag) => flag !== '');
}

/** A complaint of commander about `argv` as our error; null for help and version, which are no errors. */
export function complaint(error: CommanderError, program: Command, argv: readonly string[]): Error | null {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const command = argv.find((arg) => !arg.startsWith('-'));
  const help = `see swarm ${command === undefined ? '' : `${command} `}--help`;
  const suggest = (candidates: string[]) => {
    const near = nearest(quoted, candidates);
    return near === null ? {} : { fix: `did you mean ${near}?` };
  };
  switch (error.code) {
    case 'commander.help':
    case 'commander.helpDisplayed':
    case 'commander.version':
      return null;
    case 'commander.unknownCommand': {
      const names = COMMANDS.map(({ name }) => name);
      return usageError('E_CLI_UNKNOWN', `there is no command "${quoted}"`, { allowed: names.join(', '), ...suggest(names) });
    }
    case 'commander.unknownOption': {
      const flags = longFlags(program, command);
      return usageError('E_CLI_UNKNOWN', `there is no option "${quoted}" here`, { allowed: flags.join(' '), ...suggest(flags) });
    }
    case 'commander.excessArguments':
      return usageError('E_CLI_UNKNOWN', `there are more arguments than ${command ?? 'swarm'} takes`, { fix: help });
    case 'commander.missingArgument':
      return usageError('E_CLI_MISSING', `the argument ${quoted} is missing`, { fix: help });
    case 'commander.optionMissingArgument':
      return usageError('E_CLI_VALUE', `the option "${quoted}" needs a value`, { fix: help });
    case 'commander.conflictingOption':
      return usageError('E_CLI_CONFLICT', error.message.replace(/^error: /, ''), { fix: 'give one of them' });
    default:
      return usageError('E_CLI_VALUE', error.message.replace(/^error: /, ''), { fix: help });
  }
}
