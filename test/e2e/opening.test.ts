/** A run whose folder cannot be opened is not wedged: every command says why and ends, and goes on once the folder is mended. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OPENING_FAULTS, runOpeningFault } from '../chaos/disk/opening.js';
import type { Provider } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let provider: Provider;
beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '10', '--faults', 'filter:0.4']);
});
afterAll(() => home.close());

// All of them are in the soak.
it.each(OPENING_FAULTS.slice(0, 2))(
  '$name -> exit 7 from each command, paused (disk); mended -> the same command ends it',
  async (fault) => {
    expect(await runOpeningFault(home, provider, fault)).toEqual([]);
  },
  120_000,
);
