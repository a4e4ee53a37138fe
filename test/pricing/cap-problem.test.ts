import { expect, it } from 'vitest';
import { worstCostOf } from '../../src/core/money/price.js';
import { loadTaskObject } from '../../src/intake/load-task.js';
import { capProblem, resizeProblem } from '../../src/pricing/cap-problem.js';
import { createPrices } from '../../src/pricing/prices.js';

const price = { input: 1, output: 2 };
const task = async (more: object = {}) =>
  (
    await loadTaskObject({
      name: 'cap',
      prompt_template: '{{seed}}',
      worker_model: 'm',
      worker_api_base: 'http://127.0.0.1:1/v1',
      worker_max_tokens: 1_000,
      output_dir: 'out/cap',
      ...more,
    })
  ).task;
const prices = createPrices();

it('capProblem: no cap, or a cap above one call -> none', async () => {
  expect(capProblem(await task(), prices)).toBeNull();
  expect(capProblem(await task({ price, max_cost: 1 }), prices)).toBeNull();
});

it('capProblem: unknown price -> E_PRICE_UNKNOWN, shows the form', async () => {
  expect(capProblem(await task({ max_cost: 1 }), prices)).toMatchObject({
    code: 'E_PRICE_UNKNOWN',
    fix: expect.stringContaining('price:'),
  });
});

it('capProblem: cap below one worst call -> E_CAP_TOO_SMALL with both figures, where the cap stands', async () => {
  const capped = await task({ price, max_cost: 0.001 });
  const problem = capProblem(capped, prices, {
    promptTokens: 500,
    placeOf: () => ({ file: 'task.yaml', line: 3, column: 1 }),
  });
  expect(problem).toMatchObject({ code: 'E_CAP_TOO_SMALL', place: { file: 'task.yaml', line: 3 } });
  expect(problem?.found).toContain('max_cost is $0.001 ');
  expect(worstCostOf(price, { input: 500, maxOutput: 1_000 })).toBe(2_500_000);
  expect(problem?.found).toContain('$0.0025');
});

it('capProblem: a cap a little below one call -> what is allowed is enough when typed as it is said', async () => {
  const capped = await task({ price: { input: 0.1, output: 0.4 }, worker_max_tokens: 500, max_cost: 0.00016 });
  const problem = capProblem(capped, prices, { promptTokens: 74 });
  expect(problem?.found).toContain('max_cost is $0.00016 and one call may cost $0.0002074');
  const allowed = Number(problem?.allowed?.replace('at least $', ''));
  expect(capProblem({ ...capped, maxCost: allowed }, prices, { promptTokens: 74 })).toBeNull();
});

it('capProblem: prompts decide -> only the shortest counts', async () => {
  const capped = await task({ price, max_cost: 0.0021 });
  expect(capProblem(capped, prices)).toBeNull();
  expect(capProblem(capped, prices, { promptTokens: 200 })).toMatchObject({ code: 'E_CAP_TOO_SMALL' });
});

it.each(['max_cost', 'max_cost_per_call', 'max_cost_per_row', 'max_daily_cost'])('capProblem: %s -> named', async (key) => {
  expect(capProblem(await task({ [key]: 1 }), prices)?.found).toContain(`${key} is set`);
  expect(capProblem(await task({ price, [key]: 0.000001 }), prices)?.found).toContain(`${key} is $`);
});

it('capProblem: the cap of the home -> as those of the task', async () => {
  expect(capProblem(await task(), prices, { homeCapUsd: 1 })?.found).toContain('SWARM_MAX_DAILY_COST is set');
  expect(capProblem(await task({ price }), prices, { homeCapUsd: 1 })).toBeNull();
  expect(capProblem(await task({ price }), prices, { homeCapUsd: 0.000001 })).toMatchObject({ code: 'E_CAP_TOO_SMALL' });
});

it('capProblem: simulated money -> held back by no cap of a day, but by that of the run', async () => {
  const sim = { worker_model: 'sim/quick', worker_api_base: undefined };
  expect(capProblem(await task({ ...sim, max_daily_cost: 1e-9 }), prices, { homeCapUsd: 1e-9 })).toBeNull();
  expect(capProblem(await task({ ...sim, max_cost: 1e-9 }), prices)).toMatchObject({ code: 'E_CAP_TOO_SMALL' });
});

it('resizeProblem: a cap over an unknown price -> E_PRICE_UNKNOWN; none, or a known price -> null', async () => {
  expect(resizeProblem(await task(), prices, [undefined, 1])).toMatchObject({ code: 'E_PRICE_UNKNOWN' });
  expect(resizeProblem(await task(), prices, [undefined, null])).toBeNull();
  expect(resizeProblem(await task({ price }), prices, [1])).toBeNull();
});
