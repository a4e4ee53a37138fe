import { EXIT } from '../../core/errors.js';
import type { SimulatorFlags } from '../context.js';
import type { Session } from '../session.js';
import { untilSignal } from '../until-signal.js';

/** `swarm simulate`: the base URL as one line on stdout, then it serves until a signal. */
export async function simulate(session: Session, _args: readonly string[], flags: SimulatorFlags): Promise<number> {
  const simulator = await session.deps.startSimulator(flags);
  session.print(simulator.url);
  const code = await untilSignal(session);
  await simulator.close();
  return code ?? EXIT.ok;
}
