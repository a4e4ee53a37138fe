// @ts-check
/** docs/errors.md: every code, from the table in src/core/error-codes/. */
import { anchor, code, page, table } from './markdown.mjs';

/** @typedef {import('../../src/core/error-codes/group.js').CodeGroup} CodeGroup */

/**
 * @param {{ groups: readonly CodeGroup[], exits: Readonly<Record<string, number>> }} facts
 * @returns {string}
 */
export function errorsPage({ groups, exits }) {
  return page('Errors', 'src/core/error-codes/', [
    'Every problem has a code, which stays as it is while the words around it get better. It is printed as `CODE place: what was found`, then what is allowed and how ' +
      'to fix it; `--json` has it in `problems`, the library in `SwarmError.problems`, failed.jsonl in `code`. Exit: what the command ends with, ' +
      'see [exit codes](cli.md#exit-codes).',
    table(
      ['group', 'codes'],
      groups.map(({ title, codes }) => [`[${title}](#${anchor(title)})`, String(Object.keys(codes).length)]),
    ),
    ...groups.map(({ title, about, exits: usual, codes }) => {
      const all = Object.entries(codes);
      const ends = all.some(([, { exits: own = usual }]) => own.length > 0);
      const rows = all.map(([name, { means, fix, exits: own = usual }]) => {
        const numbers = own.map((one) => String(exits[one])).join(', ');
        return [code(name), ...(ends ? [numbers || '-'] : []), means, fix];
      });
      return `## ${title}\n\n${about}\n\n${table(['code', ...(ends ? ['exit'] : []), 'what it means', 'what to do'], rows)}`;
    }),
  ]);
}
