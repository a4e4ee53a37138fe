/** Commands to type next: as the person typed this one, in the words of a shell, by the name under which the program was called. Pure. */
import { relative } from 'node:path';
import { COMMANDS } from './commands.js';

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word of a command line; quoted where a shell would read it otherwise. */
export function shellWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The command line that goes on with what this one began: all options as typed. Without `--fresh`, which would begin once more, and without
 * `--changed`, since what was changed is the run's by then; `--fork` stays, since a fork of the same task and rows goes on. `more` is put at
 * the end of the options: after `--` there are none.
 */
export function typedLine(argv: readonly string[], more: readonly string[] = []): string {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words = argv
    .slice(0, end)
    .filter((word, at) => !isOnce(word, argv[at - 1]) && !(word.startsWith('-') && more.includes(word)));
  return ['swarm', ...words, ...more, ...argv.slice(end)].map(shellWord).join(' ');
}

/** Options of one start, not of those that go on with it. */
function isOnce(word: string, before: string | undefined): boolean {
  return word === '--fresh' || word === '--changed' || before === '--changed' || word.startsWith('--changed=');
}

/** How the program of this path was called. A name on the PATH or of npx has no ending. */
export function calledAs(path: string, cwd: string, byNpm: boolean): string {
  if (byNpm) return 'npx swarm';
  if (!path.endsWith('.js')) return 'swarm';
  const short = relative(cwd, path);
  return `node ${shellWord(short.startsWith('..') ? path : short)}`;
}

const NAMED = new RegExp(`(?<![\\w./-])swarm (?=(?:${COMMANDS.map(({ name }) => name).join('|')})\\b)`, 'g');

/** A text whose hints are typed by another name than `swarm`: in a clone that is `npx swarm`. */
export function calledBy(command: string, text: string): string {
  return command === 'swarm' ? text : text.replace(NAMED, () => `${command} `);
}
