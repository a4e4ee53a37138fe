// @ts-check
/** `npm start`: the quick start, on a fresh clone too: a few rows on the simulated provider, no account and no key. */
import { realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST, ROOT } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { runNode } from './run.mjs';

const TASK = join('examples', 'quickstart', 'task.yaml');

/** What to look at after the run; read from the store and the host, as `swarm status` does. */
async function showNext() {
  const { connect } = await import(pathToFileURL(join(DIST, 'client', 'index.js')).href);
  const swarm = await connect();
  try {
    const folder = realpathSync(join(ROOT, 'examples', 'quickstart'));
    const runs = await swarm.runs();
    const latest = runs.find((/** @type {{ outputDir: string }} */ run) => run.outputDir.startsWith(folder + sep));
    const webUi = await swarm.webUi(latest?.run);
    const lines = ['', 'What to look at next:'];
    if (latest) {
      lines.push(`  answers   ${relative(ROOT, join(latest.outputDir, 'output.jsonl'))}`);
      lines.push(`  receipt   ${relative(ROOT, join(latest.outputDir, 'receipt.json'))}`);
    }
    if (webUi) lines.push(`  Web UI    ${webUi} (up for a minute after the last run; longer with: npx swarm start)`);
    lines.push(`  the task  ${TASK}: copy its folder, change the prompt and the rows, then: npx swarm run my-folder/task.yaml`);
    console.log(lines.join('\n'));
  } finally {
    await swarm.close();
  }
}

if (!(await prepare())) process.exit(1);
try {
  const code = await runNode(join(DIST, 'cli', 'main.js'), ['run', TASK]);
  if (code === 0) await showNext();
  process.exitCode = code;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
