// @ts-check
/** Tables of Markdown. */

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();

/** @param {string} title as GitHub makes its anchor */
export const anchor = (title) =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** @param {string} text */
export const code = (text) => `\`${text}\``;

/**
 * @param {readonly string[]} titles
 * @param {readonly (readonly string[])[]} rows
 * @returns {string} ending in a newline
 */
export function table(titles, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.map(cell).join(' | ')} |\n`;
  return `${line(titles)}|${'---|'.repeat(titles.length)}\n${rows.map(line).join('')}`;
}

/**
 * @param {string} title
 * @param {string} source what it is made from, for who would edit it
 * @param {readonly string[]} parts
 */
export function page(title, source, parts) {
  return `${[`# ${title}`, `<!-- Made by scripts/generate-docs.mjs from ${source}. Do not edit. -->`, ...parts].map((part) => part.trimEnd()).join('\n\n')}\n`;
}
