/** Texts on which a pattern that backtracks without bound shows it: long runs of what it repeats, and an end that it does not take. */

const LONG = 1_000;
/** Enough for a time that doubles with each sign. */
const SHORTER = 200;
const NEVER = '\u0000';
/** Where all but some signs are repeated, one of those is the end. */
const ALL_BUT = /\[\^|\.|\\[DPSW]/;
/** Escapes that stand for a kind of sign; a sign that is escaped; one that stands for itself. */
const SIGNS = /\\(?:[pPu]\{[^}]*\}|[\p{L}\p{N}])|\\(.)|([^\\^$*+?()[\]{}|])/gu;

export function hardTexts(pattern: string): string[] {
  const signs = [...pattern.matchAll(SIGNS)].map(([, escaped, plain]) => escaped ?? plain).filter((sign) => sign !== undefined);
  const own = [...new Set(signs)].slice(0, 12);
  const pairs = own.slice(1).map((sign, at) => `${own[at]}${sign}`);
  const runs = [...new Set([...own, ...pairs, 'a', 'A', '0', ' ', '-', 'a0', 'a ', 'a.', own.join('')])].filter(
    (run) => run !== '',
  );
  const ends = ALL_BUT.test(pattern) ? [...new Set(['\n', ' ', '0', 'a', ...own])] : [];
  return runs.flatMap((run) => [repeated(run, LONG) + NEVER, ...ends.map((end) => repeated(run, SHORTER) + end)]);
}

function repeated(run: string, length: number): string {
  return run.repeat(Math.ceil(length / run.length));
}
