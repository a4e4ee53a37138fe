/** A refusal whose way out is this command with one more option: said as it is typed. */
import { type Problem, SwarmError } from '../core/errors.js';
import { typedLine } from './typed.js';

/** Options that a way out names. */
const WAYS: readonly (readonly [option: string, does: string])[] = [
  ['--changed keep', 'to go on in this one and keep the rows that are done'],
  ['--changed redo', 'to go on in this one and do the changed rows anew'],
  ['--fork', 'for a new folder beside it'],
  ['--fresh', 'to start over in this one'],
];

function typed(problem: Problem, argv: readonly string[]): Problem {
  const { fix } = problem;
  const ways = WAYS.filter(([option]) => fix?.includes(option));
  if (ways.length === 0 || !['run', 'check'].includes(argv[0] ?? '')) return problem;
  const run = ['run', ...argv.slice(1).filter((word) => word !== '--fork')];
  const lines = ways.map(([option, does]) => `${does}: ${typedLine(run, option.split(' '))}`);
  return { ...problem, fix: `${lines.join('; ')}; or another folder with --out` };
}

/** The error with command lines instead of bare options; any other error as it is. */
export function withTypedWays(error: unknown, argv: readonly string[]): unknown {
  if (!SwarmError.is(error) || !error.problems.some(({ fix }) => fix?.includes('--fork'))) return error;
  return new SwarmError(
    error.problems.map((problem) => typed(problem, argv)),
    error.exitCode,
    { cause: error },
  );
}
