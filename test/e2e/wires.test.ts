/** Real processes: every wire carries the same task to the same rows, and a conversation with thinking over kills. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WIRE_NAMES, WIRES, type WireName } from '../../src/schema/wires.js';
import { type Provider, paidTwice, SIM_TASK_PRICE } from '../support/provider.js';

import { endEvent, SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '40', '--reasoning-tokens', '12', '--done-turns', '4']);
});
afterAll(async () => {
  await home?.close();
});

const rows = Array.from({ length: 24 }, (_, index) => `Colour number ${index}`);

/** Base of a wire at the provider, as a user writes it. */
function baseOf(wire: WireName): string {
  return `${new URL(provider.url).origin}${WIRES[wire].versionPath}`;
}

function task(name: string, wire: WireName, more: object = {}, seeds: readonly string[] = rows) {
  const model = {
    worker_model: 'm',
    worker_api_base: baseOf(wire),
    worker_wire: wire,
    price: { ...SIM_TASK_PRICE, cache_write: 0.1 },
  };
  return home.task(name, { ...model, multi_turn: true, max_turns: 5, system_prompt: 'End with [DONE].', ...more }, seeds);
}

it('the same conversations over every wire -> the same outputs, turns, tokens and cost, each turn paid for once', async () => {
  const told = [];
  for (const wire of WIRE_NAMES) {
    provider.forget();
    const files = task(`same-${wire}`, wire);
    expect(endEvent(await home.run(['run', files.path, '--json']))).toMatchObject({ state: 'completed', ok: rows.length });
    expect(paidTwice(provider.billed())).toEqual([]);
    const written = files.out
      .ok()
      .map(({ id, output, turns, finish, usage, cost_usd }) => ({ id, output, turns, finish, usage, cost_usd }));
    expect(provider.billed()).toHaveLength(written.reduce((sum, { turns }) => sum + turns, 0));
    told.push({ wire, written });
  }
  const [first, ...others] = told;
  expect(first?.written.some(({ turns }) => turns > 1)).toBe(true);
  for (const { wire, written } of others) {
    // Ollama does not say how many of its tokens are thoughts.
    const tells = (usage: object) => (wire === 'ollama' ? { ...usage, reasoning: 0 } : usage);
    expect({ wire, written }).toEqual({ wire, written: first?.written.map((row) => ({ ...row, usage: tells(row.usage) })) });
  }
});

it('host and command killed at each turn of thinking conversations -> they go on with what they must send back, no turn paid for twice', async () => {
  provider.forget();
  const keys = { workers: 1, max_turns: 4, stop_when: [], reasoning_effort: 'low' } as const;
  const all = WIRE_NAMES.map((wire) => task(`killed-${wire}`, wire, keys, [`One long story over ${wire}`]));
  for (let turn = 1; turn <= 3; turn += 1) {
    const runs = all.map(({ path }) => home.swarm(['run', path]));
    await provider.untilBilled(turn * all.length);
    for (const run of runs) run.kill('SIGKILL');
    await home.killHost();
  }
  const ended = await Promise.all(all.map(({ path }) => home.run(['run', path, '--json'])));
  for (const each of ended) expect(endEvent(each)).toMatchObject({ state: 'completed', ok: 1 });
  for (const { out } of all) expect(out.ok()).toMatchObject([{ turns: 4 }]);
  const doubtful = all.reduce((sum, { out }) => sum + out.receipt().doubtful_calls.length, 0);
  expect(paidTwice(provider.billed()).length).toBeLessThanOrEqual(doubtful);
});

it('sim/... of the program itself -> spoken over every wire', async () => {
  const all = WIRE_NAMES.map((wire) =>
    home.task(`own-${wire}`, { worker_model: 'sim/quick', worker_wire: wire }, ['a', 'b', 'c']),
  );
  const ended = await Promise.all(all.map(({ path }) => home.run(['run', path, '--json'])));
  for (const each of ended) expect(endEvent(each)).toMatchObject({ state: 'completed', ok: 3 });
});
