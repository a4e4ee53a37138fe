/** Shows a run while it goes on: redrawn on a terminal, lines in a log, nothing for programs. */
import { createLogUpdate } from 'log-update';
import type { CliContext, OutputStream } from '../context.js';
import { colorsFor, type Session, terminalWidth } from '../session.js';
import { type LastLine, lineIsDue, liveBlock, plainLine } from './lines.js';
import type { ViewModel } from './view-state.js';

export interface RunView {
  /** How often a new model is of use, in ms. */
  readonly everyMs: number;
  show(model: ViewModel): void;
  /** Shows the last model and leaves it standing. Without one, only stops. */
  end(model: ViewModel | null): void;
}

/** At most 10 times a second. */
const REDRAW_MS = 100;

/** True when stderr may be redrawn. */
export function canRedraw({ stderr, config, terminal }: Pick<CliContext, 'stderr' | 'config' | 'terminal'>): boolean {
  return stderr.isTTY === true && !config.ci && !terminal.dumb;
}

const UNKNOWN_ROWS = 24;

/** The stream with a size even where the terminal names none: 0 rows would show nothing. */
function sized(stream: OutputStream): object {
  return {
    isTTY: true,
    get columns() {
      return terminalWidth(stream);
    },
    get rows() {
      return stream.rows || UNKNOWN_ROWS;
    },
    write: (text: string) => stream.write(text),
  };
}

/** Redraws a block at the bottom of stderr. */
export function liveView(session: Session): RunView {
  const { stderr, terminal, now } = session.context;
  const region = createLogUpdate(sized(stderr) as NodeJS.WriteStream);
  const colors = colorsFor(stderr, session.context);
  let drawnAt = Number.NEGATIVE_INFINITY;
  session.drawing(region);
  const draw = (model: ViewModel) => {
    region(liveBlock(model, { width: terminalWidth(stderr) ?? 0, unicode: terminal.utf8, colors }).join('\n'));
  };
  return {
    everyMs: 200,
    show(model) {
      if (Math.abs(now() - drawnAt) < REDRAW_MS) return;
      drawnAt = now();
      draw(model);
    },
    end(model) {
      if (model !== null) draw(model);
      session.drawing(null);
      region.done();
    },
  };
}

/** Writes a line about every 5 % or 10 s, and the last one; less often while nothing happens. */
export function plainView(session: Session): RunView {
  let last: LastLine | null = null;
  const write = (model: ViewModel) => {
    last = { at: session.context.now(), model };
    session.say(plainLine(model));
  };
  return {
    everyMs: 500,
    show(model) {
      if (lineIsDue(last, model, session.context.now())) write(model);
    },
    end(model) {
      if (model !== null && (last?.model.state !== model.state || last.model.done !== model.done)) write(model);
    },
  };
}

/** The view that fits: none when a program reads our events. */
export function runView(session: Session, json: boolean): RunView {
  if (json) return { everyMs: 500, show: () => undefined, end: () => undefined };
  return canRedraw(session.context) ? liveView(session) : plainView(session);
}
