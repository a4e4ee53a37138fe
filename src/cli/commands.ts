/** The commands of `swarm`, in the order of the help. Names and options are public: scripts depend on them. */
import { FAILURE_CAUSES, RUN_STATES } from '../core/model.js';
import type { OutputFormat } from '../runs/results.js';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.js';
import { count, oneOf, orNone, port, text, usd } from './values.js';

const RUN: ArgumentSpec = { name: 'RUN', about: 'id of a run, as `swarm runs` lists it' };
const TASK: ArgumentSpec = { name: 'TASK', about: 'path of the task file' };

const FORMATS: Record<OutputFormat, true> = { jsonl: true, json: true, parquet: true, csv: true };

const JSON_EVENTS: OptionSpec = { flags: '--json', about: 'write events to stdout, one JSON object a line' };
const JSON_LINES: OptionSpec = { flags: '--json', about: 'write JSON to stdout, one object a line' };
const DETACH: OptionSpec = { flags: '--detach', about: 'print the run id and return; the run goes on by itself' };

/** What decides which rows are done, where, and how. */
const START_OPTIONS: readonly OptionSpec[] = [
  { flags: '--limit <n>', about: 'only the first N rows; a later run without it goes on with the rest', read: count },
  { flags: '--total <n>', about: 'exactly N rows; the seeds repeat in order when there are fewer', read: count },
  { flags: '--seeds <file>', about: 'rows from this file instead of the one in the task', read: text },
  { flags: '--out <dir>', about: 'run folder instead of output_dir of the task', read: text },
  { flags: '--max-cost <usd>', about: 'never spend more than this on the run', read: usd },
  { flags: '--concurrency <n>', about: 'calls in flight', read: count },
  { flags: '--batch-size <n>', about: 'rows per child workflow', read: count },
  {
    flags: '--changed <how>',
    about:
      'keep: the task was changed; rows that are done stay, those that are left go on with it in the same folder. ' +
      'redo: the same, but rows that are asked something else now, or were edited, are done anew and paid again',
    read: oneOf(['keep', 'redo']),
  },
  { flags: '--allow-constant-prompt', about: 'accept a template without a placeholder over many rows' },
];

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run',
    summary: 'do the rows of a task; go on with them when some are done already',
    details:
      'The same task and seeds continue their unfinished run; a finished run is answered again without a call. ' +
      'A changed task or seeds file is refused unless --changed keep, --changed redo, --fresh or --fork is given. ' +
      'Ctrl-C pauses the run and lets the calls under way finish; Ctrl-C twice leaves at once.',
    args: [TASK],
    options: [
      ...START_OPTIONS,
      { flags: '--yes', about: 'do not ask before a run that may cost more than 1 USD' },
      DETACH,
      { flags: '--fresh', about: 'the task or seeds changed: start over in the same folder', excludes: ['fork', 'changed'] },
      {
        flags: '--fork',
        about: 'the task or seeds changed: start over in a new folder; the same task and seeds go on in theirs',
        excludes: ['fresh', 'changed'],
      },
      JSON_EVENTS,
    ],
    examples: [
      ['swarm run task.yaml', 'does all rows and shows how it goes'],
      ['swarm run task.yaml --limit 10 --max-cost 0.50', 'tries the first 10 rows for at most 0.50 USD'],
      ['swarm run task.yaml --json > events.jsonl', 'writes every event for a program'],
    ],
    load: async () => (await import('./commands/run.js')).run,
  },
  {
    name: 'check',
    summary: 'find all problems of a task and its seeds, and what it may cost; makes no paid call, needs no key',
    details:
      'A task without a problem is compared with the list of models of its endpoint, which costs nothing; ' +
      'where there is no list to read, a note says so after at most 5 s.',
    args: [TASK],
    options: [...START_OPTIONS, { flags: '--offline', about: 'do not ask the endpoint for its list of models' }, JSON_LINES],
    examples: [['swarm check task.yaml', 'lists every problem with its place, else rows, calls, tokens and worst cost']],
    load: async () => (await import('./commands/check.js')).check,
  },
  {
    name: 'status',
    summary: 'how a run is doing; the newest one when none is named',
    args: [{ ...RUN, required: false }],
    options: [JSON_LINES],
    examples: [['swarm status', 'shows the newest run']],
    load: async () => (await import('./commands/status.js')).status,
  },
  {
    name: 'runs',
    summary: 'list runs, newest first',
    args: [],
    options: [
      { flags: '--state <state>', about: `only runs that are ${RUN_STATES.join(', ')}`, read: oneOf(RUN_STATES) },
      { flags: '--limit <n>', about: 'at most N runs (default 50)', read: count },
      JSON_LINES,
    ],
    examples: [['swarm runs --state running', 'lists what is going on']],
    load: async () => (await import('./commands/runs.js')).runs,
  },
  {
    name: 'watch',
    summary: 'follow a run until it ends; Ctrl-C ends the watching, not the run',
    args: [RUN],
    options: [JSON_EVENTS],
    examples: [['swarm watch RUN', 'shows the run live']],
    load: async () => (await import('./commands/watch.js')).watch,
  },
  {
    name: 'pause',
    summary: 'start no more calls of a run; those under way finish',
    args: [RUN],
    options: [],
    examples: [['swarm pause RUN', 'pauses until swarm resume or swarm run']],
    load: async () => (await import('./commands/control.js')).pause,
  },
  {
    name: 'resume',
    summary: 'go on with a paused run',
    args: [RUN],
    options: [],
    examples: [['swarm resume RUN', 'goes on in the background']],
    load: async () => (await import('./commands/control.js')).resume,
  },
  {
    name: 'cancel',
    summary: 'end a run for good; what is done is published',
    args: [RUN],
    options: [],
    examples: [['swarm cancel RUN', 'ends the run and keeps its finished rows']],
    load: async () => (await import('./commands/control.js')).cancel,
  },
  {
    name: 'resize',
    summary: 'change the limits of a run while it goes on',
    details: 'A run that stopped at a cap goes on after a higher --max-cost or --max-daily-cost.',
    args: [RUN],
    options: [
      { flags: '--concurrency <n>', about: 'calls in flight', read: count },
      { flags: '--max-cost <usd>', about: 'cap in USD, or the word none', read: orNone(usd) },
      { flags: '--max-cost-per-call <usd>', about: 'cap of each call in USD, or the word none', read: orNone(usd) },
      { flags: '--max-cost-per-row <usd>', about: 'cap of each row in USD, or the word none', read: orNone(usd) },
      { flags: '--max-daily-cost <usd>', about: 'cap of all runs of a day in USD, or the word none', read: orNone(usd) },
      { flags: '--requests-per-minute <n>', about: 'rate of calls, or the word none', read: orNone(count) },
      { flags: '--tokens-per-minute <n>', about: 'rate of tokens, or the word none', read: orNone(count) },
    ],
    examples: [['swarm resize RUN --concurrency 32 --max-cost 5', 'doubles the pace and caps the spend']],
    load: async () => (await import('./commands/resize.js')).resize,
  },
  {
    name: 'retry',
    summary: 'do the failed rows of a run again, then follow it',
    args: [RUN],
    options: [
      { flags: '--cause <cause>', about: `only rows that failed with ${FAILURE_CAUSES.join(', ')}`, read: oneOf(FAILURE_CAUSES) },
      DETACH,
      JSON_EVENTS,
    ],
    examples: [['swarm retry RUN --cause transport', 'does again what failed on the network']],
    load: async () => (await import('./commands/retry.js')).retry,
  },
  {
    name: 'export',
    summary: 'write the finished rows of a run in a format',
    args: [RUN],
    options: [
      { flags: '--format <format>', about: 'jsonl, json, parquet or csv (default jsonl)', read: oneOf(Object.keys(FORMATS)) },
      { flags: '--out <file>', about: 'to this file instead of stdout; folders that are missing are made', read: text },
    ],
    examples: [['swarm export RUN --format csv --out rows.csv', 'writes a table']],
    load: async () => (await import('./commands/export.js')).exportRows,
  },
  {
    name: 'receipt',
    summary: 'what a run did and what it cost, by model, with doubtful calls',
    details:
      '--verify counts the run anew from its single calls, compares the sums of the store, the ledger of its days, receipt.json and the published files, ' +
      'and ends with 1 when anything differs. --reconcile first shows what it would do, and writes only what follows from the ' +
      'export without a guess, after a yes.',
    args: [RUN],
    options: [
      { flags: '--verify', about: 'count the run anew and name each difference', excludes: ['reconcile'] },
      { flags: '--reconcile <file>', about: "settle doubtful calls by a provider's usage export (CSV or JSON)", read: text },
      { flags: '--yes', about: 'write what --reconcile shows, without a question' },
      JSON_LINES,
    ],
    examples: [
      ['swarm receipt RUN --json', 'prints the receipt as JSON'],
      ['swarm receipt RUN --verify', 'compares everything that is said of the run with its single calls'],
      ['swarm receipt RUN --reconcile usage.csv', 'shows which doubtful calls the provider billed'],
    ],
    load: async () => (await import('./commands/receipt.js')).receipt,
  },
  {
    name: 'simulate',
    summary: 'a simulated provider that speaks every wire, until Ctrl-C',
    details: 'Prints its base URL on stdout, for worker_api_base. Same options, same prompts: same answers and faults.',
    args: [],
    options: async () => {
      const { SIMULATOR_FLAGS } = await import('../simulator/flags.js');
      return SIMULATOR_FLAGS.map(({ flag, description }) => ({
        flags: flag,
        about: description,
        ...(flag.startsWith('--port ') ? { read: port } : {}),
      }));
    },
    examples: [['swarm simulate --port 8080 --latency 200 --rpm 600', 'answers in 200 ms, at most 600 requests a minute']],
    fast: true,
    load: async () => (await import('./commands/simulate.js')).simulate,
  },
  {
    name: 'worker',
    summary: 'a worker process for a Temporal cluster, until Ctrl-C',
    details:
      'The cluster is named by TEMPORAL_ADDRESS or a profile in temporal.toml, its store by SWARM_DATABASE_URL. ' +
      'Without them it is one more worker for the host of this home.',
    args: [],
    options: [],
    examples: [['TEMPORAL_ADDRESS=temporal:7233 swarm worker', 'works on the runs of that cluster']],
    fast: true,
    load: async () => (await import('./commands/worker.js')).worker,
  },
  {
    name: 'temporal',
    summary: 'the temporal CLI, pointed at the server of this home',
    args: [{ name: 'ARGS', about: 'arguments of the temporal CLI, passed on as they are', required: false, rest: true }],
    options: [],
    examples: [['swarm temporal workflow list', 'lists the workflows of this home']],
    passThrough: true,
    load: async () => (await import('./commands/temporal.js')).temporal,
  },
  {
    name: 'start',
    summary: 'start the host of this home and keep it',
    args: [],
    options: [],
    examples: [['swarm start', 'keeps the Temporal server and its Web UI up']],
    load: async () => (await import('./commands/host.js')).start,
  },
  {
    name: 'stop',
    summary: 'stop the host of this home; unfinished runs go on later',
    args: [],
    options: [],
    examples: [['swarm stop', 'stops the Temporal server of this home']],
    load: async () => (await import('./commands/host.js')).stop,
  },
];
