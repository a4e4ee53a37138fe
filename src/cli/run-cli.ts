/** One command line from start to exit code. */
import { CommanderError } from 'commander';
import { EXIT } from '../core/errors.js';
import { errorEvent } from '../runs/event-records.js';
import type { CliContext, CliDeps } from './context.js';
import { Interrupts } from './interrupts.js';
import { reportError } from './problems.js';
import { buildProgram, type Call, complaint } from './program.js';
import { withTypedWays } from './refusals.js';
import { Session, terminalWidth } from './session.js';

const HELP_WIDTH = 100;

/** The command line as a call, or the exit code when there is nothing to run (help, version, a mistake). */
async function readCommandLine(argv: readonly string[], session: Session): Promise<Call | number> {
  const { stdout, stderr } = session.context;
  const output = {
    out: (text: string) => void stdout.write(text),
    err: (text: string) => void stderr.write(text),
    width: Math.min(HELP_WIDTH, terminalWidth(stdout) ?? HELP_WIDTH),
  };
  let call: Call | null = null;
  const program = await buildProgram(output, argv, (found) => {
    call = found;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const problem = complaint(error, program, argv);
    if (problem !== null) throw problem;
    return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  }
  return call ?? EXIT.badInput;
}

async function obey(argv: readonly string[], session: Session): Promise<number> {
  let debug = argv.includes('--debug');
  let call: Call | null = null;
  try {
    const read = await readCommandLine(argv, session);
    if (typeof read === 'number') return read;
    call = read;
    debug = call.debug;
    if (!call.spec.fast) session.context.spareMemory();
    const run = await call.spec.load();
    return await run(session, call.args, call.options as never);
  } catch (error) {
    const code = reportError(session, withTypedWays(error, argv), debug);
    if (call?.options['json'] === true) await session.json(errorEvent(error, code));
    return code;
  }
}

/** Runs `swarm ARGV`. Resolves with the exit code; never rejects and never ends the process. */
export async function runCli(argv: readonly string[], context: CliContext, deps: CliDeps): Promise<number> {
  const interrupts = new Interrupts(context);
  try {
    return await Promise.race([obey(argv, new Session(context, deps, interrupts, argv)), interrupts.leave]);
  } finally {
    interrupts.close();
  }
}
