/**
 * The peer that the benchmarks compare with: what a careful programmer writes in an hour. `undici` with as many connections as calls in
 * flight, `p-queue` for the concurrency, answers kept in memory and written in input order at the end. It has no retries, no limits, no
 * cap and no durability: a crash loses and pays for everything again.
 *
 * node bench/peer-plain.mjs --base URL --model M --seeds rows.jsonl --out output.jsonl --concurrency N
 *   [--template "{{seed}}"] [--system TEXT] [--max-tokens N]
 *
 * A row is a string, or an object whose fields the template names. Prints one line of JSON:
 * `{wallMs, cpuMs, maxRssMb, ok, failed}`. `wallMs` is from the first look at the rows to the output on disk, without the start of node.
 */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import PQueue from 'p-queue';
import { Agent, request } from 'undici';

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    model: { type: 'string', default: 'sim-small' },
    seeds: { type: 'string' },
    out: { type: 'string' },
    concurrency: { type: 'string', default: '16' },
    template: { type: 'string', default: '{{seed}}' },
    system: { type: 'string' },
    'max-tokens': { type: 'string', default: '1024' },
  },
});
const { base, model, seeds, out, template, system } = values;
const concurrency = Number(values.concurrency);
const maxTokens = Number(values['max-tokens']);
if (!base || !seeds || !out || !(concurrency >= 1) || !(maxTokens >= 1)) {
  console.error('usage: node bench/peer-plain.mjs --base URL --seeds rows.jsonl --out output.jsonl --concurrency N [--model M]');
  process.exit(2);
}

const url = `${base.replace(/\/+$/, '')}/chat/completions`;
const agent = new Agent({ connections: concurrency, pipelining: 1 });
const queue = new PQueue({ concurrency });
/** Output by index; failed rows have none. */
const answers = [];
let failed = 0;

function promptOf(seed) {
  return template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => {
    const value = typeof seed === 'string' ? seed : name === 'seed' ? seed : seed[name];
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

async function answerRow(index, seed) {
  const messages = [{ role: 'user', content: promptOf(seed) }];
  if (system !== undefined) messages.unshift({ role: 'system', content: system });
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, max_tokens: maxTokens }),
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`status ${statusCode}`);
    }
    const { choices, usage } = await body.json();
    answers[index] = { index, seed, output: choices[0].message.content, usage };
  } catch {
    failed += 1;
  }
}

const started = performance.now();
let index = 0;
for await (const line of createInterface({ input: createReadStream(seeds), crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line.trim() === '') continue;
  const seed = JSON.parse(line);
  const position = index;
  index += 1;
  void queue.add(() => answerRow(position, seed));
  // Keeps the waiting rows few, as the p-queue documentation advises.
  if (queue.size >= 2000) await queue.onSizeLessThan(1000);
}
await queue.onIdle();
const rows = answers.filter(Boolean);
await writeFile(out, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const wallMs = performance.now() - started;
const { user, system: kernel } = process.cpuUsage();
const figures = {
  wallMs: Math.round(wallMs),
  cpuMs: Math.round((user + kernel) / 1000),
  maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  ok: rows.length,
  failed,
};
console.log(JSON.stringify(figures));
await agent.close();
