import type { Session } from '../session.js';

/** `swarm temporal ARGS`: the exit code is that of the temporal CLI. */
export async function temporal(session: Session, args: readonly string[]): Promise<number> {
  const { context, deps, interrupts } = session;
  const { config } = context;
  const path = await deps.temporalBinary(config, (line) => session.say(line, 'dim'));
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
