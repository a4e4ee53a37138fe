// @ts-check
/** Puts what a command measured into docs/benchmarks.md, between the marks of its section. */
import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = new URL('../docs/benchmarks.md', import.meta.url);

/** Throws when the page has no such section. @param {string} section @param {readonly string[]} lines of Markdown */
export function writeSection(section, lines) {
  const text = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- begin ${section} -->`, `<!-- end ${section} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no marks ${begin} and ${end}`);
  writeFileSync(PAGE, `${text.slice(0, from + begin.length)}\n${lines.join('\n')}\n${text.slice(to)}`);
}
