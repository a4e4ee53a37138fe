// @ts-check
/** docs/json.md: what `--json` writes, from the types of src/runs/json-records.ts. */
import { anchor, code, page, table } from './markdown.mjs';

/** @typedef {import('./declared-types.mjs').DeclaredTypes} DeclaredTypes */
/** @typedef {import('typescript/unstable/sync').Type} Type */

const RECORDS = 'src/runs/json-records.ts';

/** Titles of what is no event. @type {Readonly<Record<string, string>>} */
const TITLES = {
  ProgressRecord: 'A moment of a run',
  CheckRecord: 'What swarm check finds',
  Receipt: 'The receipt',
  Verification: 'What swarm receipt --verify finds',
  ReconcileRecord: 'What swarm receipt --reconcile does',
};

/** Described elsewhere. @type {Readonly<Record<string, string>>} */
const ELSEWHERE = { Receipt: 'All fields of [receipt.json](files.md#receiptjson).' };

/** @param {string} name */
function titleOf(name) {
  const event = /^(\w+)Event$/.exec(name)?.[1];
  const title = event === undefined ? TITLES[name] : `Event ${event.toLowerCase()}`;
  if (title === undefined) throw new Error(`scripts/docs/json-page.mjs has no title for ${name}`);
  return title;
}

/**
 * The members of a union, in the order in which the file names them; an error is the last.
 * @param {DeclaredTypes} types
 * @param {Type} type
 */
function membersOf(types, type) {
  const order = types.textFrom(RECORDS, 'export type RunEvent');
  const members = (type.isUnionType() ? type.getTypes() : [type]).map((part) => ({ name: types.print(part), type: part }));
  const place = (/** @type {string} */ name) => (name === 'ErrorEvent' ? order.length : order.indexOf(name));
  return members.sort((a, b) => place(a.name) - place(b.name));
}

/**
 * A record; an event that is a moment of a run has only what it adds.
 * @param {DeclaredTypes} types
 * @param {string} name
 * @param {Type} type
 */
function section(types, name, type) {
  const symbol = type.getSymbol();
  const title = `## ${titleOf(name)}`;
  const text = symbol === undefined ? '' : types.textOf(symbol, name);
  if (ELSEWHERE[name] !== undefined) return `${title}\n\n${ELSEWHERE[name]}`;
  const base = type.isClassOrInterface()
    ? types.checker.getBaseTypes(type).find((one) => types.print(one) === 'ProgressRecord')
    : undefined;
  const inherited = new Set(base === undefined ? [] : types.propertiesOf(base).map((one) => one.name));
  const own = types.propertiesOf(type).filter((one) => !inherited.has(one.name));
  const rows = types.fieldsOf(type, name, own).map((field) => [code(field.path), code(field.type), field.text]);
  const moment = `[${TITLES['ProgressRecord']}](#${anchor(TITLES['ProgressRecord'] ?? '')})`;
  const more = base === undefined ? '' : `\nAnd all fields of ${moment}.\n`;
  return `${title}\n\n${text}\n\n${table(['field', 'type', 'what it is'], rows)}${more}`;
}

/**
 * @param {{ types: DeclaredTypes, commands: readonly string[] }} facts `commands`: those with `--json`
 * @returns {string}
 */
export function jsonPage({ types, commands }) {
  const outputs = types.propertiesOf(types.typeOf(RECORDS, 'JsonOutput').type).map((property) => {
    return { command: property.name, records: membersOf(types, types.typeOfValue(property)) };
  });
  const wrong = [
    ...commands.filter((name) => !outputs.some(({ command }) => command === name)),
    ...outputs.filter(({ command }) => !commands.includes(command)).map(({ command }) => command),
  ];
  if (wrong.length > 0) throw new Error(`JsonOutput and the commands with --json are not the same: ${wrong.join(', ')}`);
  /** @type {Map<string, Type>} */
  const all = new Map(outputs.flatMap(({ records }) => records.map(({ name, type }) => [name, type])));
  const rows = outputs.map(({ command, records }) => [
    code(`swarm ${command}`),
    records.map(({ name }) => `[${titleOf(name).replace(/^Event /, '')}](#${anchor(titleOf(name))})`).join(', '),
  ]);
  return page('What --json writes', 'src/runs/json-records.ts', [
    'With `--json` every line of stdout is one JSON object; all talk goes to stderr. Events have a field `event`. Money is in USD, times are ms since the Unix ' +
      'epoch, `null` says that something is not there or not known. Names stay as they are; new fields and new events may come, ' +
      'so read by name and leave out what you do not know.',
    table(['command', 'lines'], rows),
    ...[...all].map(([name, type]) => section(types, name, type)),
  ]);
}
