/** A whole program whose files may not grow beyond a limit (ulimit -f): the run pauses, names it, and goes on to its exact end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { paidTwice } from '../../support/provider.js';
import { CLI, endEvent, SwarmHome } from '../../support/swarm-home.js';

const ROWS = 12_000;
/** In kB: more than Temporal's database needs, less than the store's file. */
const LIMIT_KB = 7_000;
const EXIT_DISK = 7;

/** What was broken, each as a line. */
export async function runUnderFileLimit(): Promise<string[]> {
  const home = await SwarmHome.create();
  try {
    const provider = await home.provider(['--latency', '5']);
    const seeds = Array.from({ length: ROWS }, (_, index) => `Say something about number ${index}, in a sentence or two.`);
    const files = home.task('limited', { worker_model: 'm', worker_api_base: provider.url, workers: 64 }, seeds);
    const script = `ulimit -f ${LIMIT_KB}; exec "$0" "$@"`;
    const limited = spawn('bash', ['-c', script, process.execPath, CLI, 'run', files.path], {
      cwd: home.folder,
      env: home.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [said, [code]] = await Promise.all([text(limited.stderr), once(limited, 'exit')]);
    const problems: string[] = [];
    if (code !== EXIT_DISK) problems.push(`exit ${code} under the limit, not ${EXIT_DISK}: ${said.slice(-1_000)}`);
    if (!/E_(STORE|OUT)_WRITE .*ulimit -f/s.test(said)) problems.push(`the limit was not named: ${said.slice(-1_000)}`);

    // The host has the limit of the command that started it.
    await home.run(['stop']);
    const end = endEvent(await home.run(['run', files.path, '--json']));
    if (end.state !== 'completed' || end.ok !== ROWS) problems.push(`without the limit: ${JSON.stringify(end)}`);
    // Answers that could not be stored end with the host that kept them.
    const twice = paidTwice(provider.billed()).length;
    const listed = files.out.receipt().doubtful_calls.length;
    if (twice > listed) problems.push(`${twice} rows were paid twice, ${listed} calls are listed as doubtful`);
    if (files.out.ok().length !== ROWS) problems.push(`${files.out.ok().length} rows in output.jsonl, not ${ROWS}`);
    return problems;
  } finally {
    await home.close();
  }
}
