/** What docs/ says of the commands, made from the definitions that the program parses by. */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../core/errors.js';
import { COMMANDS } from './commands.js';
import { buildProgram } from './program.js';

const EXIT_MEANING: Record<keyof typeof EXIT, string> = {
  ok: 'all is well; all rows are done',
  failedRows: 'the run finished, some rows failed',
  badInput: 'bad input: the command line, the task file or the seeds',
  capped: 'the cost cap was reached; the run can go on with a higher one',
  unreachable: 'Temporal, the host or the provider cannot be reached',
  refused: 'the provider refused the key or the billing',
  locked: 'another process holds the run folder',
  diskWrite: 'a disk or output write failed',
  bug: 'a defect of durable-swarm',
  sigint: 'stopped by SIGINT (Ctrl-C), or cancelled',
  sigterm: 'stopped by SIGTERM',
};

const cell = (text: string) => text.replaceAll('|', '\\|');

function tableOf(titles: readonly [string, string], rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return [];
  return [`| ${titles.join(' | ')} |`, '|---|---|', ...rows.map(([left, right]) => `| \`${cell(left)}\` | ${cell(right)} |`), ''];
}

function sectionOf(command: Command): string[] {
  const spec = COMMANDS.find(({ name }) => name === command.name());
  if (spec === undefined) return [];
  const help = command.createHelp();
  const examples = spec.examples.flatMap(([line, does]) => [`# ${does}`, line]);
  return [
    `## swarm ${spec.name}`,
    '',
    `${spec.summary.charAt(0).toUpperCase()}${spec.summary.slice(1)}.`,
    '',
    ...(spec.details === undefined ? [] : [spec.details, '']),
    '```',
    help.commandUsage(command),
    '```',
    '',
    ...tableOf(
      ['Argument', 'Meaning'],
      help.visibleArguments(command).map((one) => [help.argumentTerm(one), one.description]),
    ),
    ...tableOf(
      ['Option', 'Meaning'],
      help.visibleOptions(command).map((one) => [help.optionTerm(one), one.description]),
    ),
    '```sh',
    ...examples,
    '```',
    '',
  ];
}

const ignore = () => undefined;
const program = await buildProgram({ out: ignore, err: ignore, width: 100 }, null, ignore);

/** Names of the commands that have `--json`. */
export function jsonCommands(): string[] {
  return program.commands.filter(({ options }) => options.some(({ long }) => long === '--json')).map((command) => command.name());
}

/** docs/cli.md: the reference of all commands as Markdown, ending in a newline. */
export function cliReference(): string {
  const exits = Object.entries(EXIT) as [keyof typeof EXIT, ExitCode][];
  const lines = [
    '# The `swarm` command',
    '',
    'Made from the program itself; do not edit. `swarm COMMAND --help` prints the same.',
    '',
    'Results go to stdout, everything else to stderr. With `--json` every line of stdout is one JSON object: [its fields](json.md).',
    '',
    ...tableOf(
      ['Command', 'What it does'],
      COMMANDS.map(({ name, summary }) => [`swarm ${name}`, summary]),
    ),
    '## Exit codes',
    '',
    ...tableOf(
      ['Code', 'Meaning'],
      exits.map(([name, code]) => [String(code), EXIT_MEANING[name]]),
    ),
    ...program.commands.flatMap(sectionOf),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
