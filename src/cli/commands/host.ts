import { EXIT } from '../../core/errors.js';
import type { Session } from '../session.js';

/** `swarm start`: a host that stays. One that runs already is kept from now on. */
export async function start(session: Session): Promise<number> {
  const { config } = session.context;
  const info = await session.deps.startHost(config, (line) => session.say(line, 'dim'));
  session.print(`running, pid ${info.pid}`);
  session.print(`Temporal  ${info.temporalAddress}, namespace ${info.namespace}`);
  if (info.uiUrl !== null) session.print(`Web UI    ${info.uiUrl}`);
  return EXIT.ok;
}

/** `swarm stop`: exit 4 when there is none. */
export async function stop(session: Session): Promise<number> {
  const { config } = session.context;
  // A store that cannot be read must not keep the host from being stopped.
  const before = await session.reading((reader) => reader.runs({ states: ['running'], rest: false })).catch(() => []);
  if (!(await session.deps.stopHost(config))) {
    session.say(`No host is running for ${config.home}.`);
    return EXIT.unreachable;
  }
  session.print('stopped');
  for (const { run } of before) {
    const { state } = await session.reading((reader) => reader.progress(run));
    if (state === 'interrupted') session.say(`Run ${run} is interrupted. Go on with: swarm resume ${run}`, 'warning');
  }
  return EXIT.ok;
}
