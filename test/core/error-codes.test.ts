/** The table of error codes against the code that raises them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_GROUPS } from '../../src/core/error-codes/table.js';
import { EXIT } from '../../src/core/errors.js';
import { pathsUnder, root } from '../support/source-files.js';
import { maskSource } from '../support/source-imports.js';

const TABLE = 'src/core/error-codes/';
const sources = pathsUnder('src', ['.ts'])
  .filter((path) => !path.startsWith(TABLE))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const entries = ERROR_GROUPS.flatMap(({ codes, exits }) =>
  Object.entries(codes).map(([code, meaning]) => ({ code, ...meaning, exits: meaning.exits ?? exits })),
);
const known = new Map(entries.map((entry) => [entry.code, entry]));

const CODE = /\bE_[A-Z][A-Z_]*[A-Z]\b/g;

/** Places that name a code, comments among them, but for the beginning of several (`E_TEMPLATE_*`). */
const named = sources.flatMap(({ path, text }) =>
  [...text.matchAll(CODE)].filter(({ 0: code, index }) => text[index + code.length] !== '_').map(([code]) => ({ path, code })),
);

/** The arguments of each `new SwarmError(...)` and `usageError(...)`. */
function raised(): { path: string; codes: string[]; exit: string }[] {
  return sources.flatMap(({ path, text }) => {
    const { code: masked } = maskSource(text);
    return [...masked.matchAll(/\b(?:new SwarmError|usageError)\(/g)].map(({ 0: call, index }) => {
      const from = index + call.length;
      let depth = 1;
      let to = from;
      for (; depth > 0 && to < masked.length; to += 1) depth += masked[to] === '(' ? 1 : masked[to] === ')' ? -1 : 0;
      const args = text.slice(from, to);
      const codes = [...args.matchAll(/(?:code: |^\s*)'(E_[A-Z_]+)'/g)].map(([, code = '']) => code);
      return { path, codes, exit: /\bEXIT\.(\w+)/.exec(args)?.[1] ?? 'badInput' };
    });
  });
}

describe('error codes', () => {
  it('every code in src/, of comments too -> is in the table', () => {
    const without = named.filter(({ code }) => !known.has(code)).map(({ path, code }) => `${path}: ${code}`);
    expect(without, 'give each an entry in src/core/error-codes').toEqual([]);
  });

  it('every code of the table -> is raised somewhere: it stands in code, not in a comment alone', () => {
    const strings = sources.map(({ text }) => text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')).join('\n');
    const inCode = new Set([...strings.matchAll(CODE)].map(([code]) => code));
    const unused = entries.filter(({ code }) => !inCode.has(code)).map(({ code }) => code);
    expect(unused, 'take these entries out of src/core/error-codes').toEqual([]);
  });

  it('the table: a code -> stands there once, with two sentences', () => {
    expect(entries).toHaveLength(known.size);
    expect(entries.filter(({ means, fix }) => !/^[^a-z].*\.$/s.test(means) || !/\.$/.test(fix)).map(({ code }) => code)).toEqual(
      [],
    );
  });

  it('exit: what an error is raised with -> is what the table says', () => {
    const all = raised();
    expect(all.filter(({ codes }) => codes.length > 0).length).toBeGreaterThan(40);
    const wrong = all.flatMap(({ path, codes, exit }) =>
      codes
        .filter((code) => !known.get(code)?.exits.includes(exit as keyof typeof EXIT))
        .map((code) => `${path}: ${code} exits with ${exit}`),
    );
    expect(wrong).toEqual([]);
  });

  it('exit: of every entry -> one of EXIT', () => {
    expect(entries.flatMap(({ exits }) => exits).filter((exit) => !(exit in EXIT))).toEqual([]);
  });
});
