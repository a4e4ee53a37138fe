/** A child per seed, thousands of them: lanes that continue as new, the host killed and the run made smaller in the middle. */
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { connectTemporal } from '../../../src/temporal-connection.js';
import { until } from '../../host/host-support.js';
import type { SwarmHome } from '../../support/swarm-home.js';
import { seededRandom } from '../../support/test-random.js';
import { Scene } from '../scene.js';
import type { SoakSuite } from '../suite.js';
import { mostOpen } from '../team.js';
import { Undisturbed } from '../undisturbed.js';

const WORK = { rows: 3_000, turns: 1, sliceSize: 1, workers: 32 } as const;
const SMALLER = 12;
const LATENCY = 'lognormal:60,0.4';
const END_MS = 900_000;
/** The server asks for a new execution from this history length on. */
const MOST_EVENTS = 4_096;
/** A new lane execution's first look at the list. */
const LISTED_MS = 60_000;

interface Histories {
  executions: number;
  /** Lane executions that handed over to the next one. */
  handedOver: number;
  longest: { workflow: string; events: number };
  /** Those that did not end well, `<workflow id> <status>`. */
  unfinished: string[];
}

/** What Temporal says about all workflows of a run. Needs the host. */
async function historiesOf(home: SwarmHome, run: string): Promise<Histories> {
  await home.run(['start']);
  const host = home.host();
  if (host === null) throw new Error('no host is running');
  const { temporalAddress: address, namespace } = host;
  const connection = await connectTemporal({ address, namespace });
  try {
    const client = new Client({ connection, namespace });
    const read = async (): Promise<Histories> => {
      const found: Histories = { executions: 0, handedOver: 0, longest: { workflow: '', events: 0 }, unfinished: [] };
      for await (const { workflowId, runId, status, historyLength } of client.workflow.list({ query: `SwarmRun = "${run}"` })) {
        found.executions += 1;
        if (status.name === 'CONTINUED_AS_NEW') found.handedOver += 1;
        else if (status.name !== 'COMPLETED') found.unfinished.push(`${workflowId} ${status.name}`);
        const events = historyLength > 0 ? historyLength : await lengthOf(client, workflowId, runId);
        if (events > found.longest.events) found.longest = { workflow: workflowId, events };
      }
      return found;
    };
    let seen = await read();
    // The list follows the histories.
    await until(
      'every row has its workflow in the list',
      async () => {
        if (seen.executions < WORK.rows || seen.unfinished.some((line) => line.endsWith('RUNNING'))) seen = await read();
        return seen.executions >= WORK.rows;
      },
      LISTED_MS,
    );
    return seen;
  } finally {
    await connection.close();
  }
}

async function lengthOf(client: Client, workflowId: string, runId: string): Promise<number> {
  try {
    return (await client.workflow.getHandle(workflowId, runId).describe()).historyLength;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
}

const suite: SoakSuite = {
  name: 'lanes',
  about: `${WORK.rows} seed children across continue-as-new, the host killed and the run resized in the middle: every row once, no history above ${MOST_EVENTS} events`,
  async run({ seed, scenarios, say }) {
    const broken: string[] = [];
    const summary: string[] = [];
    const undisturbed = await Undisturbed.inOwnHome(WORK.rows, [1]);
    for (let i = 0; i < (scenarios ?? 1); i += 1) {
      const mark = `--seed ${seed + i}`;
      const random = seededRandom(`lanes/${seed + i}`);
      const scene = await Scene.open(WORK, LATENCY);
      try {
        const run = await scene.home.runId(scene.type());
        await scene.provider.untilBilled(random.whole(900, 1_500), END_MS);
        await scene.kill(['host']);
        say(`${mark}: host killed after ${scene.provider.billed().length} calls`);
        // The command that follows the run starts another host.
        await scene.provider.untilBilled(random.whole(1_600, 2_200), END_MS);
        await scene.home.run(['resize', run, '--concurrency', String(SMALLER)]);
        const resized = Date.now();
        say(`${mark}: resized to ${SMALLER} after ${scene.provider.billed().length} calls`);
        await scene.untilEnded(END_MS);
        const histories = await historiesOf(scene.home, run);
        await scene.leave();
        const found = scene.findings(undisturbed.expected(WORK.rows, 1));
        const wrong = [...found.broken];
        const { executions, handedOver, longest, unfinished } = histories;
        if (longest.events > MOST_EVENTS) wrong.push(`the history of ${longest.workflow} has ${longest.events} events`);
        if (handedOver === 0) wrong.push('no lane continued as new');
        if (unfinished.length > 0) wrong.push(`not completed: ${unfinished.slice(0, 5).join(', ')}`);
        const open = mostOpen(scene.provider.calls().filter(({ t }) => t > resized));
        if (open > SMALLER) wrong.push(`${open} calls at a time after the resize to ${SMALLER}`);
        broken.push(...wrong.map((line) => `${mark}: ${line}`));
        summary.push(
          `${mark}: ${WORK.rows} rows, ${executions} executions, ${handedOver} times continued as new, longest history ${longest.events} events (${longest.workflow}); lost ${found.lost}, doubled ${found.doubled}, paid again ${found.paidAgain} of ${found.inFlight} in flight, ${found.doubtful} listed; ${open} calls at a time after the resize`,
        );
      } finally {
        await scene.close();
      }
    }
    return { broken, summary };
  },
};
export default suite;
