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

/** `swarm temporal ARGS`: the exit code is that of the temporal CLI. */
export async function temporal(session: Session, args: readonly string[]): Promise<number> {
  const { context, deps, interrupts } = session;
  const { config } = context;
  const path = await resolveQuietly(session);
  // The variables or the profile of an existing cluster reach the program by themselves.
  const host = config.externalTemporal ? null : await deps.hostStatus(config);
  const address = config.externalTemporal ? null : (host?.info?.temporalAddress ?? `127.0.0.1:${config.temporalPort}`);
  // The terminal sends Ctrl-C to the program too, which decides what it means.
  const release = interrupts.hold(() => undefined);
  try {
    return await deps.runProgram(path, args, address);
  } finally {
    release();
  }
}
