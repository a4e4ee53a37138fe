// @ts-check
/**
 * Draws docs/images/live.svg anew: a terminal, captured by tmux while `swarm run` does the first task of README.md on the simulated
 * provider, its three rows repeated up to ROWS. Prints what the command printed at its end. Needs tmux and what `npm start` has made.
 *
 *   node scripts/live-picture.mjs
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstTask } from './first-task.mjs';
import { DIST, ROOT } from './paths.mjs';

const ROWS = 3_000;
const COLUMNS = 96;
const LINES = 24;
/** The picture is taken at about this share of the rows. */
const AT_PERCENT = 40;
const LONGEST_MS = 120_000;

const SWARM = join(DIST, 'programs', 'swarm.js');
const COMMAND = `swarm run my-task/task.yaml --total ${ROWS}`;

/** Colors of the view, by the codes that a terminal gets for them (`ansis`). @type {Record<string, string>} */
const STYLES = {
  1: 'font-weight="bold"',
  2: 'fill="#8b949e"',
  33: 'fill="#d29922"',
  36: 'fill="#39c5cf"',
};

const CHARACTER = { width: 8.4, height: 19 };
const MARGIN = 16;

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * A captured line as the parts of an SVG text. A part stands at the column that the terminal gave it.
 * @param {string} line with codes of colors
 */
function parts(line) {
  let column = 0;
  let style = '';
  let drawn = '';
  for (const [, codes, text] of line.matchAll(/\u001b\[([\d;]*)m|([^\u001b]+)/gu)) {
    if (text === undefined) {
      const known = (codes ?? '').split(';').map((code) => STYLES[code] ?? '');
      style = known.filter((value) => value !== '').join(' ');
      continue;
    }
    // Blanks at a line's begin or in a row would be drawn as one.
    for (const { 0: words, index } of text.matchAll(/\S+(?: \S+)*/gu)) {
      const x = MARGIN + (column + [...text.slice(0, index)].length) * CHARACTER.width;
      const width = [...words].length * CHARACTER.width;
      drawn += `<tspan x="${x.toFixed(1)}" textLength="${width.toFixed(1)}" ${style}>${escaped(words)}</tspan>`;
    }
    column += [...text].length;
  }
  return drawn;
}

/** @param {string[]} lines */
function svg(lines) {
  const width = Math.round(2 * MARGIN + COLUMNS * CHARACTER.width);
  const height = 2 * MARGIN + lines.length * CHARACTER.height;
  const texts = lines.map((line, at) => `<text y="${MARGIN + (at + 1) * CHARACTER.height - 5}">${parts(line)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>A terminal: ${COMMAND}</title>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3">
${texts.join('\n')}
</g>
</svg>
`;
}

/** @param {string} text */
const plain = (text) => text.replaceAll(/\u001b\[[\d;]*m/gu, '');

const folder = mkdtempSync(join(tmpdir(), 'swarm-picture-'));
const server = join(folder, 'tmux.sock');
const env = { ...process.env, SWARM_HOME: join(folder, 'home'), PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
/** @param {string[]} args */
const tmux = (...args) => execFileSync('tmux', ['-S', server, ...args], { env, cwd: folder, encoding: 'utf8' });

/** The screen without its empty last lines. */
const screen = () => tmux('capture-pane', '-p', '-e', '-t', 'picture').trimEnd().split('\n');

/**
 * Looks until the screen is as wanted.
 * @param {(text: string) => boolean} wanted
 */
async function until(wanted) {
  for (const end = Date.now() + LONGEST_MS; ; await sleep(50)) {
    const lines = screen();
    if (wanted(plain(lines.join('\n')))) return lines;
    if (Date.now() > end) throw new Error(`the screen stayed as it is:\n${lines.join('\n')}`);
  }
}

const { task, rows } = firstTask(readFileSync(join(ROOT, 'README.md'), 'utf8'));
mkdirSync(join(folder, 'bin'));
mkdirSync(join(folder, 'my-task'));
symlinkSync(SWARM, join(folder, 'bin', 'swarm'));
writeFileSync(join(folder, 'my-task', 'task.yaml'), task);
writeFileSync(join(folder, 'my-task', 'reviews.jsonl'), rows);
try {
  // The host is there before, so that the picture shows the run alone.
  execFileSync(process.execPath, [SWARM, 'start'], { env, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  tmux(
    'new-session',
    '-d',
    '-s',
    'picture',
    '-x',
    String(COLUMNS),
    '-y',
    String(LINES),
    "exec env PS1='$ ' bash --norc --noprofile",
  );
  await until((text) => text.includes('$'));
  tmux('send-keys', '-t', 'picture', COMMAND, 'Enter');
  const lines = await until((text) => {
    const percent = Number(/ (\d+) % {2}\d+ of/.exec(text)?.[1] ?? 0);
    return percent >= AT_PERCENT && percent < 100 && / [1-9]\d* in flight/.test(text);
  });
  writeFileSync(join(ROOT, 'docs', 'images', 'live.svg'), svg(lines));
  const end = await until((text) => /^folder /m.test(text));
  console.log(plain(lines.join('\n')));
  console.log('\n... and at the end:\n');
  console.log(plain(end.join('\n')));
  const output = readFileSync(join(folder, 'my-task', 'out', 'reviews', 'output.jsonl'), 'utf8');
  console.log(output.slice(0, output.indexOf('\n')));
} finally {
  try {
    tmux('kill-server');
  } catch {
    // It was not started.
  }
  execFileSync(process.execPath, [SWARM, 'stop'], { env, cwd: folder, stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}
