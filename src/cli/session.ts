/** What a command works with: the process, the other parts, and the ways to say something. */
import { Ansis } from 'ansis';
import type { StoreReader } from '../client/reader.js';
import { exactJson } from '../core/exact-json.js';
import type { JsonOutput } from '../runs/json-records.js';
import type { CliContext, CliDeps, OutputStream } from './context.js';
import type { Interrupts } from './interrupts.js';
import { calledBy } from './typed.js';
import { safeText } from './view/safe-text.js';
import { wrapWhole } from './view/table.js';

export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'warning' | 'bad';

/** Colours for a stream: none unless it is a terminal that wants them. */
export function colorsFor(stream: OutputStream, context: Pick<CliContext, 'terminal'>): Ansis {
  return new Ansis(stream.isTTY === true && context.terminal.color ? 1 : 0);
}

/** Some terminals say that they have 0 columns when they do not know. */
const UNKNOWN_COLUMNS = 80;

/** Columns of a terminal; undefined for a pipe or file, where lines may be as long as they are. */
export function terminalWidth(stream: OutputStream): number | undefined {
  return stream.isTTY === true ? stream.columns || UNKNOWN_COLUMNS : undefined;
}

/** What the terminal would break inside a word is broken before it. */
function wrapped(text: string, stream: OutputStream): string {
  const width = terminalWidth(stream) ?? Number.POSITIVE_INFINITY;
  return text
    .split('\n')
    .flatMap((line) => wrapWhole(line, width))
    .join('\n');
}

function toned(colors: Ansis, tone: Tone, text: string): string {
  if (tone === 'plain') return text;
  const style = { dim: colors.dim, strong: colors.bold, good: colors.green, warning: colors.yellow, bad: colors.red }[tone];
  return style(text);
}

export class Session {
  /** Something drawn at the bottom of stderr that must go before a line is written there. */
  private drawn: { clear(): void } | null = null;

  constructor(
    readonly context: CliContext,
    readonly deps: CliDeps,
    readonly interrupts: Interrupts,
    /** The words of the command line, without the program. */
    readonly argv: readonly string[] = [],
  ) {}

  /** Lines of results, to stdout. Made safe on a terminal, as they are in a pipe or file. */
  print(text: string, tone: Tone = 'plain'): void {
    this.drawn?.clear();
    this.write(this.context.stdout, text, tone);
  }

  /** Lines of talk, to stderr. */
  say(text: string, tone: Tone = 'plain'): void {
    this.drawn?.clear();
    this.write(this.context.stderr, text, tone);
  }

  /** One JSON object as a line of stdout; resolves when it is handed over, so that a slow reader slows us. */
  async json(record: JsonOutput[keyof JsonOutput]): Promise<void> {
    const { stdout } = this.context;
    if (this.context.stdoutClosed.aborted) return;
    const line = exactJson(record);
    await new Promise<void>((resolve) => {
      stdout.write(`${stdout.isTTY === true ? safeText(line) : line}\n`, () => resolve());
    });
  }

  /** The live view announces itself, so that `print` and `say` do not write into it. */
  drawing(region: { clear(): void } | null): void {
    this.drawn = region;
  }

  /** Opens the store for reading, and closes it after the work. */
  async reading<T>(work: (reader: StoreReader) => Promise<T>): Promise<T> {
    const reader = await this.deps.openReader(this.context.config);
    try {
      return await work(reader);
    } finally {
      await reader.close();
    }
  }

  private write(stream: OutputStream, text: string, tone: Tone): void {
    const named = calledBy(this.context.command, text);
    const safe = stream.isTTY === true ? wrapped(safeText(named), stream) : named;
    stream.write(`${toned(colorsFor(stream, this.context), tone, safe)}\n`);
  }
}
