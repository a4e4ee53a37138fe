/** Publishes a made-up run in a process of its own, for tests of its memory and of a full disk: FOLDER ROWS FORMAT ANSWER_CHARS. */

import { SwarmError } from '../../src/core/errors.js';
import { publishRun } from '../../src/outputs/publish.js';
import type { OutputFormat } from '../../src/schema/task-types.js';
import { runDouble } from './run-double.js';

const [outputDir = '', rows = '0', format = 'jsonl', chars = '100'] = process.argv.slice(2);
const store = runDouble({
  outputDir,
  total: Number(rows),
  format: format as OutputFormat,
  answers: (index) => [`${index} ${String.fromCharCode(97 + (index % 26)).repeat(Number(chars))}`],
});
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 20);
const before = process.memoryUsage().rss;
try {
  const started = performance.now();
  await publishRun(store, 'r1', { at: 0, versions: {}, messagesOf: () => [] });
  process.stdout.write(JSON.stringify({ ms: performance.now() - started, grownMb: (peak - before) / 1e6 }));
} catch (error) {
  if (!SwarmError.is(error)) throw error;
  process.stdout.write(JSON.stringify({ code: error.code, exitCode: error.exitCode, message: error.message }));
}
clearInterval(watch);
