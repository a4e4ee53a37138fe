/**
 * Every k-th write, sync and rename that fails: all k that the program comes to, or the first `--scenarios` of each kind; a whole
 * program whose files may not grow beyond a limit; and folders that fail when a run's next epoch is opened.
 */
import { SwarmHome } from '../../support/swarm-home.js';
import { type Fault, faultName, noFaults, runFault } from '../disk/faults.js';
import { runUnderFileLimit } from '../disk/file-size.js';
import { OPENING_FAULTS, runOpeningFault } from '../disk/opening.js';
import type { SoakSuite } from '../suite.js';

const KINDS: readonly Pick<Fault, 'target' | 'call'>[] = [
  { target: 'store', call: 'pwrite64' },
  { target: 'store', call: 'fsync' },
  { target: 'publication', call: 'fdatasync' },
  { target: 'publication', call: 'fsync' },
  { target: 'publication', call: 'rename' },
];
const ERRORS = ['ENOSPC', 'EIO'] as const;
/** The store writes for as long as it is asked to: its sweep ends here. */
const MOST = 40;

const suite: SoakSuite = {
  name: 'disk',
  about: 'the k-th write, sync or rename fails, for every k: nothing torn, nothing acknowledged lost, exact end',
  async run({ scenarios, say }) {
    const why = noFaults();
    if (why !== null) return { broken: [`no fault can be injected: ${why}`], summary: [] };
    const broken: string[] = [];
    let faults = 0;
    for (const kind of KINDS) {
      for (const error of ERRORS) {
        let at = 1;
        for (; at <= (scenarios ?? MOST); at += 1) {
          const fault = { ...kind, error, at };
          const { problems, injected } = await runFault(fault);
          broken.push(...problems.map((problem) => `${faultName(fault)}: ${problem}`));
          if (!injected) break;
          faults += 1;
        }
        say(`${kind.target}: ${kind.call} -> ${error}: ${at - 1} faults`);
      }
    }
    const problems = await runUnderFileLimit();
    broken.push(...problems.map((problem) => `ulimit -f: ${problem}`));
    say('whole program under ulimit -f: paused with exit 7, then to its end');
    broken.push(...(await openings(say)));
    const opened = `${OPENING_FAULTS.length} folders that failed at opening`;
    return { broken, summary: [`${faults} faults, one at a time; one run under ulimit -f; ${opened}`] };
  },
};

async function openings(say: (line: string) => void): Promise<string[]> {
  const home = await SwarmHome.create();
  try {
    const provider = await home.provider(['--latency', '10', '--faults', 'filter:0.4']);
    const broken: string[] = [];
    for (const fault of OPENING_FAULTS) {
      broken.push(...(await runOpeningFault(home, provider, fault)).map((problem) => `opening, ${fault.name}: ${problem}`));
      say(`opening: ${fault.name}: each command said why and ended; mended, the same one went on`);
    }
    return broken;
  } finally {
    await home.close();
  }
}
export default suite;
