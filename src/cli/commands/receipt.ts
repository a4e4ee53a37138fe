import { EXIT } from '../../core/errors.js';
import { type Session, terminalWidth } from '../session.js';
import { recordTables } from '../view/record-tables.js';

/** `swarm receipt RUN`: what it did and what it cost. Reads the store only. */
export async function receipt(session: Session, [run = '']: readonly string[], flags: { json?: boolean }): Promise<number> {
  const found = await session.reading((reader) => reader.receipt(run));
  const { stdout } = session.context;
  if (flags.json) await session.json(found);
  else for (const line of recordTables(found, terminalWidth(stdout))) session.print(line);
  return EXIT.ok;
}
