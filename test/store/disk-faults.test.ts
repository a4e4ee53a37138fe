/** Some of the faults of `npm run soak -- --only disk`. */
import { expect, it } from 'vitest';
import { type Fault, faultName, noFaults, runFault } from '../chaos/disk/faults.js';

const why = noFaults();
const FAULTS: Fault[] = [
  { target: 'store', call: 'pwrite64', error: 'ENOSPC', at: 9 },
  { target: 'store', call: 'fsync', error: 'EIO', at: 5 },
  { target: 'publication', call: 'fdatasync', error: 'EIO', at: 2 },
];

it.skipIf(why !== null).each(FAULTS.map((fault) => [faultName(fault), fault] as const))(
  `%s: nothing torn, nothing acknowledged lost, exact end${why ? ` (skipped: ${why})` : ''}`,
  async (_, fault) => {
    expect(await runFault(fault)).toEqual({ problems: [], injected: true });
  },
  60_000,
);
