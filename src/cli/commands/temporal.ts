import type { Session } from '../session.js';

/** A binary that is there is found in a moment: what was tried is told only when it takes longer, in ms. */
const QUIET_MS = 1000;

async function resolveQuietly(session: Session): Promise<string> {
  const { context, deps } = session;
  const held: string[] = [];
  const found = new AbortController();
  let quiet = true;
  const tell = (line: string) => (quiet ? void held.push(line) : session.say(line, 'dim'));
  void context.sleep(QUIET_MS, found.signal).then(() => {
    if (found.signal.aborted) return;
    quiet = false;
    for (const line of held) session.say(line, 'dim');
  });
  try {
    return await deps.temporalBinary(context.config, tell);
  } finally {
    found.abort();
  }
}

/** Words of the temporal CLI that speak to no server, or to one of their own. */
const WITHOUT_SERVER = ['help', 'completion', 'config', 'env', 'server'];
const ASKS_ABOUT_ITSELF = ['--help', '-h', '--version', '-v'];

/** False where it would be of no use to start the host: help, settings, and an address that was typed. */
function needsServer(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  if (options.some((word) => ASKS_ABOUT_ITSELF.includes(word) || word === '--address' || word.startsWith('--address=')))
    return false;
  const [first] = options.filter((word) => !word.startsWith('-'));
  return first !== undefined && !WITHOUT_SERVER.includes(first);
}

/**
 * `swarm temporal ARGS`: the exit code is that of the temporal CLI. It speaks to the server of this home's host, which is started when there
 * is none: at the usual port somebody else may listen, whose workflows it would list and end. Throws what keeps the host from
 * starting (exit 4).
 */
export async function temporal(session: Session, args: readonly string[]): Promise<number> {
  const { context, deps, interrupts } = session;
  const { config } = context;
  // The variables or the profile of an existing cluster reach the program by themselves.
  const host =
    config.externalTemporal || !needsServer(args) ? null : await deps.holdHost(config, (line) => session.say(line, 'dim'));
  // The terminal sends Ctrl-C to the program too, which decides what it means.
  let release = () => {};
  try {
    const path = await resolveQuietly(session);
    release = interrupts.hold(() => undefined);
    return await deps.runProgram(path, args, host?.info.temporalAddress ?? null);
  } finally {
    release();
    host?.release();
  }
}
