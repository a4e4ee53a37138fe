// @ts-check
/** docs/library.md: what the package exports, from src/client/index.ts. */
import { SymbolFlags } from 'typescript/unstable/sync';
import { anchor, code, page, table } from './markdown.mjs';

/** @typedef {import('./declared-types.mjs').DeclaredTypes} DeclaredTypes */
/** @typedef {import('typescript/unstable/sync').Symbol} Declared */
/** @typedef {ReadonlyMap<string, Declared>} Exported */

const ENTRY = 'src/client/index.ts';

/** Names in signatures that are not ours. */
const KNOWN = ['AbortSignal', 'AsyncIterable', 'Error', 'ErrorOptions', 'Iterable', 'Promise', 'Readonly', 'Record'];

/** @type {(symbol: Declared, flags: number) => boolean} */
const is = (symbol, flags) => (symbol.flags & flags) !== 0;

/**
 * A method or function as it is declared, of each overload; a property with its type, whatever that is called where it is declared.
 * @param {DeclaredTypes} types
 * @param {Declared} member
 */
function signature(types, member) {
  if (is(member, SymbolFlags.Property | SymbolFlags.Accessor)) {
    const optional = is(member, SymbolFlags.Optional);
    const type = types.print(types.typeOfValue(member));
    return code(`${member.name}${optional ? `?: ${type.replace(/ \| undefined$/, '')}` : `: ${type}`}`);
  }
  const heads = types.written(member).map((text) => text.replace(/^export (?:async )?/, '').replace(/(?: \{ .*\})?;?$/, ''));
  return heads.map(code).join('<br>');
}

/**
 * @param {DeclaredTypes} types
 * @param {string} name
 * @param {readonly Declared[]} members
 */
function memberTable(types, name, members) {
  const rows = members.map((member) => [signature(types, member), types.textOf(member, `${name}.${member.name}`)]);
  return rows.length === 0 ? '' : table(['member', 'what it is'], rows);
}

/**
 * The members that a type declares itself, and the exported types whose members it has too.
 * @param {DeclaredTypes} types
 * @param {Declared} symbol
 * @param {Exported} exported
 */
function membersOf(types, symbol, exported) {
  const type = types.checker.getDeclaredTypeOfSymbol(symbol);
  const bases = (type.isClassOrInterface() ? types.checker.getBaseTypes(type) : []).filter((base) =>
    exported.has(types.print(base)),
  );
  const inherited = new Set(bases.flatMap((base) => types.propertiesOf(base)).map(({ name }) => name));
  const statics = is(symbol, SymbolFlags.Class)
    ? [...symbol.getExports().values()].filter((one) => is(one, SymbolFlags.Method))
    : [];
  const own = types.propertiesOf(type).filter((one) => !inherited.has(one.name) && types.isOurs(one));
  return { own: [...own, ...statics], bases: bases.map((base) => types.print(base)) };
}

/**
 * @param {DeclaredTypes} types
 * @param {string} name
 * @param {Exported} exported
 */
function section(types, name, exported) {
  const symbol = /** @type {Declared} */ (exported.get(name));
  const text = types.textOf(symbol, name);
  const parts = [`### ${name}`];
  if (is(symbol, SymbolFlags.Function)) parts.push(signature(types, symbol), text);
  else if (is(symbol, SymbolFlags.Variable)) {
    const values = types.propertiesOf(types.typeOfValue(symbol));
    const rows = values.map((one) => [code(`${name}.${one.name}`), code(types.print(types.typeOfValue(one)))]);
    parts.push(text, table(['name', 'value'], rows));
  } else if (is(symbol, SymbolFlags.TypeAlias) && membersOf(types, symbol, exported).own.length === 0) {
    parts.push(code(types.definition(symbol)), text);
  } else {
    const { own, bases } = membersOf(types, symbol, exported);
    parts.push(text, memberTable(types, name, own));
    if (bases.length > 0) parts.push(`And all of ${bases.map((base) => `[${base}](#${anchor(base)})`).join(', ')}.`);
  }
  return parts
    .map((part) => part.trimEnd())
    .filter((part) => part !== '')
    .join('\n\n');
}

/** @type {readonly { title: string, holds: (name: string, symbol: Declared, types: DeclaredTypes) => boolean }[]} */
const GROUPS = [
  { title: 'Functions', holds: (_, symbol) => is(symbol, SymbolFlags.Function) },
  { title: 'Handles', holds: (_, symbol, types) => is(symbol, SymbolFlags.Interface) && hasMethods(types, symbol) },
  { title: 'Options', holds: (name) => /Options$|^Rows$|^SeedContent$/.test(name) },
  { title: 'Errors', holds: (name) => /Error|^Problem$|^Place$|^EXIT$|^ExitCode$/.test(name) },
  { title: 'What is told', holds: () => true },
];

/** @type {(types: DeclaredTypes, symbol: Declared) => boolean} */
function hasMethods(types, symbol) {
  return types.propertiesOf(types.checker.getDeclaredTypeOfSymbol(symbol)).some((one) => is(one, SymbolFlags.Method));
}

/**
 * Types that stand in a signature and that a program cannot name.
 * @param {string} text of the page
 * @param {Exported} exported
 */
function checkNamed(text, exported) {
  const signatures = [...text.matchAll(/`([^`]*)`/g)].map(([, inside = '']) => inside.replaceAll(/'[^']*'/g, ''));
  const used = new Set(signatures.flatMap((one) => one.match(/(?<![\w.$])[A-Z][a-z]\w*/g) ?? []));
  const unnamed = [...used].filter((name) => !exported.has(name) && !KNOWN.includes(name));
  if (unnamed.length > 0)
    throw new Error(`${ENTRY} exports types that name others which it does not export: ${unnamed.join(', ')}`);
}

/**
 * @param {{ types: DeclaredTypes, entries: readonly string[] }} facts `entries`: names that a program imports from
 * @returns {string}
 */
export function libraryPage({ types, entries }) {
  const exported = new Map([...types.exportsOf(ENTRY)].sort(([a], [b]) => (a < b ? -1 : 1)));
  const left = new Map(exported);
  const groups = GROUPS.map(({ title, holds }) => {
    const own = [...left].filter(([name, symbol]) => holds(name, symbol, types)).map(([name]) => name);
    for (const name of own) left.delete(name);
    return [`## ${title}`, ...own.map((name) => section(types, name, exported))].join('\n\n');
  });
  checkNamed(groups.join('\n'), exported);
  return page('The library', ENTRY, [
    `What ${entries.map((name) => code(`import { ... } from '${name}'`)).join(' or ')} gives. An example is in the [README](../README.md#starting-from-code). ` +
      'The library finds or starts the host of the home, and loads no worker and no model adapter itself. What goes wrong for a reason outside of it ' +
      'is a [SwarmError](#swarmerror): its problems have [codes](errors.md), its `exitCode` is [that of the command](cli.md#exit-codes). Times are ms since the ' +
      'Unix epoch, money is in USD where nothing else is said, and null says that something is not there or not known.',
    ...groups,
  ]);
}
