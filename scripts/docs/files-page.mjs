// @ts-check
/** docs/files.md: the files of a run folder and what else is written for programs, field by field, from the types that their writers fill. */
import { code, page, table } from './markdown.mjs';

/** @typedef {import('./declared-types.mjs').DeclaredTypes} DeclaredTypes */

const ROWS = 'src/outputs/row-fields.ts';

/** @type {readonly { title: string, names: readonly string[], when: string, file: string, type: string }[]} */
const FILES = [
  {
    title: 'output.jsonl, output.json',
    names: ['output.jsonl', 'output.json'],
    when: 'at the end; `output_format` says which. `swarm export` writes the same at any time',
    file: ROWS,
    type: 'OutputLine',
  },
  {
    title: 'output.csv, output.parquet',
    names: ['output.csv', 'output.parquet'],
    when: 'at the end; `output_format` says which. `swarm export` writes the same at any time',
    file: ROWS,
    type: 'TableRow',
  },
  { title: 'failed.jsonl', names: ['failed.jsonl'], when: 'at the end, always', file: ROWS, type: 'FailedLine' },
  {
    title: 'filtered.jsonl',
    names: ['filtered.jsonl'],
    when: 'at the end, when there are any',
    file: ROWS,
    type: 'FilteredLine',
  },
  {
    title: 'transcripts.jsonl',
    names: ['transcripts.jsonl'],
    when: 'at the end, with `transcripts: true`',
    file: ROWS,
    type: 'TranscriptLine',
  },
  {
    title: 'receipt.json',
    names: ['receipt.json'],
    when: 'at the end, as the last file; anew by `swarm receipt --reconcile`',
    file: 'src/outputs/receipt.ts',
    type: 'Receipt',
  },
  {
    title: '.durable-swarm.json',
    names: ['.durable-swarm.json'],
    when: 'from the start on, and kept',
    file: 'src/outputs/folder.ts',
    type: 'FolderOwner',
  },
];

const PARTIAL = 'output.partial.jsonl';

/** What the fields of a usage export say. @type {Readonly<Record<string, string>>} */
const EXPORTED = {
  callId: 'id that we sent with the request (`x-client-request-id`)',
  at: 'when the request was made: a time with or without a zone (UTC), seconds or ms since the Unix epoch',
  from: 'begin of a stretch of totals',
  to: 'end of that stretch',
  requests: 'number of requests in it',
  model: 'model that was billed; entries of models that the run did not use are left out',
  cost: 'cost in USD; without it tokens are priced',
  costNano: 'cost in 1e-9 USD',
  input: 'tokens of the prompt',
  output: 'tokens of the answer',
  cached: 'of the prompt: from a cache',
  reasoning: 'of the answer: reasoning',
};

const LOG = 'src/simulator/billing-log.ts';
const LOG_LINES = ['CallLine', 'EndLine', 'ResetLine'];

/**
 * @param {readonly string[]} described
 * @param {readonly string[]} found in the code
 */
function checkNames(described, found) {
  const wrong = [...found.filter((name) => !described.includes(name)), ...described.filter((name) => !found.includes(name))];
  if (wrong.length > 0) throw new Error(`scripts/docs/files-page.mjs and src/ do not name the same: ${wrong.join(', ')}`);
}

/**
 * @param {DeclaredTypes} types
 * @param {string} file
 * @param {string} name
 */
function fieldTable(types, file, name) {
  const { symbol, type } = types.typeOf(file, name);
  const rows = types.fieldsOf(type, name).map(({ path, type: shown, text }) => [code(path), code(shown), text]);
  return `${types.textOf(symbol, name)}\n\n${table(['field', 'type', 'what it is'], rows)}`;
}

/**
 * @param {{ types: DeclaredTypes, names: readonly string[], exported: Readonly<Record<string, readonly string[]>> }} facts `names`: all that a run may
 * write into its folder; `exported`: fields of usage exports
 * @returns {string}
 */
export function filesPage({ types, names, exported }) {
  checkNames([...FILES.flatMap((one) => one.names), PARTIAL], names);
  checkNames(Object.keys(EXPORTED), Object.keys(exported));
  const list = FILES.flatMap((one) => one.names.map((name) => [code(name), one.when]));
  const partial = [code(PARTIAL), 'while the run goes on, rows that are done in order of arrival; removed at the end'];
  return page('Files', 'the types that their writers fill', [
    'What stands in the folder of a run (`output_dir`), in UTF-8 with `\\n` line ends. Files appear whole, in input order, and `receipt.json` last: where ' +
      'it is, all others are. The same rows always give the same bytes. `swarm receipt RUN --verify` compares them with the store.',
    table(['file', 'when'], [...list, partial]),
    'A field of the type `object` is followed by its own fields, `[]` marks a list. Names stay as they are; new fields may come, ' +
      'so read by name.',
    ...FILES.map(({ title, file, type }) => `## ${title}\n\n${fieldTable(types, file, type)}`),
    '## The log of swarm simulate',
    'With `--log FILE`: the simulated provider appends a JSON object a line, the truth that a ledger can be compared with.',
    ...LOG_LINES.map((name) => fieldTable(types, LOG, name)),
    '## Usage exports',
    'What `swarm receipt RUN --reconcile FILE` reads of an entry: the first of these fields that is there. `usage.cost` is a field in the object `usage`. ' +
      'What follows from it: [calls in doubt](operations.md#calls-in-doubt).',
    table(
      ['fields', 'what they say'],
      Object.entries(exported).map(([what, fields]) => [fields.map(code).join(', '), EXPORTED[what] ?? '']),
    ),
  ]);
}
