// @ts-check
/** The figures of the scale proof as tables, and what they must reach. */

/** Memory against that of the small run, rows per second of the last tenth against the first, bytes of Temporal's database a row. */
const MOST_GROWTH = 1.15;
const LEAST_PACE = 0.9;
const MOST_BYTES = 300;
/** Growth, pace and bytes a row say something from here on: a database begins with its own pages. */
const LARGE = 100_000;

/** @typedef {import('./million.mjs').Figures} Figures */
/** @typedef {{text: string, reached: boolean}} Goal */

const PROCESSES = ['client', 'host', 'temporal', 'simulator'];

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(ms < 100_000 ? 1 : 0)} s`;
/** @param {number} value */
const grouped = (value) => Math.round(value).toLocaleString('en-US');

/** @param {Figures} base @param {Figures} large @returns {Goal[]} */
export function goalsOf(base, large) {
  /** @type {Goal[]} */
  const goals = [base, large].flatMap((run) => [
    {
      text: `${grouped(run.rows)} rows: every id once, in order, and exit code 0${run.wrong.map((line) => `; ${line}`).join('')}`,
      reached: run.exitCode === 0 && run.wrong.length === 0,
    },
    {
      text: `${grouped(run.rows)} rows: ${run.paidTwice} calls paid twice by the provider's log, at most the ${run.doubtful} that the receipt lists as doubtful`,
      reached: run.paidTwice <= run.doubtful && run.billed === run.rows + run.paidTwice,
    },
  ]);
  if (large.rows < LARGE) return goals;
  goals.push({
    text: `${large.temporalBytes.toFixed(0)} bytes of Temporal's database a row, at most ${MOST_BYTES}`,
    reached: large.temporalBytes <= MOST_BYTES,
  });
  for (const name of PROCESSES) {
    const growth = (large.peaks[name] ?? Number.NaN) / (base.peaks[name] ?? Number.NaN);
    goals.push({
      text: `memory of the ${name}: ${growth.toFixed(2)} times that of ${grouped(base.rows)} rows, at most ${MOST_GROWTH}`,
      reached: growth <= MOST_GROWTH,
    });
  }
  const pace = (large.rowsPerSecond.at(-1) ?? Number.NaN) / (large.rowsPerSecond[0] ?? Number.NaN);
  goals.push({
    text: `rows/s of the last tenth: ${pace.toFixed(2)} of the first, at least ${LEAST_PACE}`,
    reached: pace >= LEAST_PACE,
  });
  return goals;
}

/** @param {string[]} titles @param {string[][]} rows */
export function markdownTable(titles, rows) {
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** @param {Figures[]} runs the small one first @returns {string[]} Markdown */
export function reportLines(runs) {
  const titles = ['', ...runs.map((run) => `${grouped(run.rows)} rows`)];
  /** @param {string} label @param {(run: Figures) => string} cell */
  const line = (label, cell) => [label, ...runs.map(cell)];
  /** @param {string} format */
  const exported = (format) => (/** @type {Figures} */ run) => {
    const found = run.exports.find((one) => one.format === format);
    return found ? `${seconds(found.ms)}, ${found.mb} MB` : '-';
  };
  const facts = [
    line('`swarm run` typed to its end', (run) => seconds(run.wallMs)),
    line('of it: check and staging', (run) => seconds(run.stagingMs)),
    line('of it: last outcome to published output and exit', (run) => seconds(run.publishMs)),
    line("Temporal's database, bytes a row", (run) => run.temporalBytes.toFixed(0)),
    line('store, bytes a row', (run) => run.storeBytes.toFixed(0)),
    line('host killed at half: to the first new call', (run) => seconds(run.resumeMs)),
    line('calls billed', (run) => grouped(run.billed)),
    line("paid twice by the provider's log", (run) => grouped(run.paidTwice)),
    line('doubtful in the receipt', (run) => grouped(run.doubtful)),
    line('`swarm status`', (run) => seconds(run.statusMs)),
    line('`swarm run` again, with no call', (run) => seconds(run.againMs)),
    ...['jsonl', 'json', 'csv', 'parquet'].map((format) =>
      line(`\`swarm export\` to ${format}, and its memory`, exported(format)),
    ),
    ...PROCESSES.map((name) => line(`memory of the ${name}, highest`, (run) => `${run.peaks[name] ?? '-'} MB`)),
  ];
  const [last] = runs.slice(-1);
  if (!last) return [];
  const stages = last.memory.map(({ stage, mb }) => {
    const tenth = /^tenth (\d+)$/.exec(stage)?.[1];
    const pace = tenth === undefined ? '' : grouped(last.rowsPerSecond[Number(tenth) - 1] ?? Number.NaN);
    return [stage, pace, ...PROCESSES.map((name) => String(mb[name] ?? '-'))];
  });
  return [
    ...markdownTable(titles, facts),
    '',
    `Over time, ${grouped(last.rows)} rows; the host is killed at the end of tenth 5. Memory is the highest of the stage, in MB.`,
    '',
    ...markdownTable(['stage', 'rows/s', ...PROCESSES], stages),
  ];
}
