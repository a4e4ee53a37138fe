/** Follows a run from a command until it ends or a signal asks to stop. */

import type { RunHandle } from '../client/api.js';
import type { ExitCode } from '../core/errors.js';
import { plural } from '../core/format.js';
import { endEvent, outcomeEvent, pausedEvent, progressEvent, warningEvent } from '../runs/event-records.js';
import type { Progress } from '../runs/progress.js';
import type { RunResult } from '../runs/results.js';
import { type Session, terminalWidth } from './session.js';
import { type RunView, runView } from './view/run-view.js';
import { adviceLines, resultLines } from './view/summary.js';
import { addSample, rowsDone, type Sample, type ViewModel, viewModel } from './view/view-state.js';

export interface FollowOptions {
  json: boolean;
  /** What a signal does: `pause` stops the run durably, `leave` only ends the following. */
  onSignal: 'pause' | 'leave';
  /** Command lines that go on with the run after a pause. */
  goOn: readonly string[];
}

/** Calls under way are waited for this long after Ctrl-C, in ms. */
const DRAIN_MS = 30_000;
const EVENT_MS = 1000;

interface Pause {
  state: 'asked' | 'confirmed' | 'refused';
  /** Why it is not confirmed. */
  why: string;
}

type Ending = { result: RunResult } | { error: unknown };

class Follower {
  private readonly view: RunView;
  private readonly done = new AbortController();
  /** Aborted by what ends a wait early: the end of the run, or a signal. */
  private woken = new AbortController();
  private ending: Ending | null = null;
  private samples: readonly Sample[] = [];
  private model: ViewModel | null = null;
  private eventAt = Number.NEGATIVE_INFINITY;
  private lastEvent = '';
  private readonly warned = new Set<string>();

  constructor(
    private readonly session: Session,
    private readonly handle: RunHandle,
    private readonly options: FollowOptions,
  ) {
    this.view = runView(session, options.json);
  }

  async follow(): Promise<number> {
    const { session, done } = this;
    const release = session.interrupts.hold(() => this.woken.abort());
    void this.handle.result({ signal: done.signal }).then(
      (result) => this.end({ result }),
      (error: unknown) => this.end({ error }),
    );
    const rows = this.options.json ? this.writeOutcomes() : null;
    try {
      await this.lookUntil(() => session.interrupts.exitCode !== null);
      const code = session.interrupts.exitCode;
      if (this.ending === null && code !== null) return await this.stop(code);
      // The last outcomes are written before the end is told.
      if (this.ending !== null && 'result' in this.ending) await rows;
      return await this.finish();
    } finally {
      done.abort();
      release();
      this.view.end(null);
    }
  }

  private end(ending: Ending): void {
    this.ending = ending;
    this.woken.abort();
  }

  /** Looks at the run again and again, until it has ended or `enough` says so. */
  private async lookUntil(enough: (progress: Progress) => boolean): Promise<void> {
    const { context } = this.session;
    for (;;) {
      const progress = await this.look();
      if (this.ending !== null || enough(progress) || this.unheard()) return;
      await context.sleep(this.view.everyMs, this.woken.signal);
      if (this.ending !== null) return;
    }
  }

  /** True when events go nowhere and nothing else is this command's work. */
  private unheard(): boolean {
    return this.options.json && this.options.onSignal === 'leave' && this.session.context.stdoutClosed.aborted;
  }

  private async look(): Promise<Progress> {
    const progress = await this.handle.progress();
    const now = this.session.context.now();
    this.model = viewModel(this.samples, progress, now);
    this.samples = addSample(this.samples, { at: now, progress });
    this.view.show(this.model);
    await this.warn(progress);
    if (this.options.json) await this.writeProgress(progress, now);
    return progress;
  }

  private async warn({ run, warnings }: Progress): Promise<void> {
    for (const warning of warnings) {
      if (this.warned.has(warning.key)) continue;
      this.warned.add(warning.key);
      this.session.say(`warning: ${warning.message}`, 'warning');
      if (this.options.json) await this.session.json(warningEvent(run, warning));
    }
  }

  private async writeProgress(progress: Progress, now: number): Promise<void> {
    if (now - this.eventAt < EVENT_MS) return;
    const event = progressEvent(progress);
    // The time worked alone is no news.
    const text = JSON.stringify({ ...event, worked_ms: 0 });
    if (text === this.lastEvent) return;
    this.eventAt = now;
    this.lastEvent = text;
    await this.session.json(event);
  }

  private async writeOutcomes(): Promise<void> {
    const { signal } = this.done;
    try {
      for await (const outcome of this.handle.outcomes({ signal })) await this.session.json(outcomeEvent(outcome));
    } catch (error) {
      if (!signal.aborted) this.end({ error });
    }
  }

  private async finish(): Promise<number> {
    const { ending, session } = this;
    if (ending === null) return 0;
    if ('error' in ending) throw ending.error;
    const { result } = ending;
    const progress = await this.handle.progress();
    this.view.end(viewModel(this.samples, progress, session.context.now()));
    await this.warn(progress);
    if (this.options.json) {
      await session.json(progressEvent(progress));
      await session.json(endEvent(result));
    } else {
      for (const line of resultLines(result, progress, terminalWidth(session.context.stdout))) session.print(line);
    }
    for (const line of adviceLines(result, progress)) session.say(line, 'warning');
    return result.exitCode;
  }

  private async stop(code: ExitCode): Promise<number> {
    if (this.options.onSignal === 'leave') {
      this.view.end(this.model);
      this.session.say(`The run goes on. Look at it with: swarm watch ${this.handle.id}`);
      return code;
    }
    const next = `Once more leaves now; then go on with: swarm resume ${this.handle.id}`;
    this.session.say(`Pausing: calls under way may finish (up to 30 s). ${next}`, 'warning');
    this.woken = new AbortController();
    const pause: Pause = { state: 'asked', why: 'no answer in 30 s' };
    const asked = this.handle.pause().then(
      () => {
        pause.state = 'confirmed';
      },
      (error: unknown) => {
        pause.state = 'refused';
        pause.why = error instanceof Error ? error.message : String(error);
      },
    );
    void asked.then(() => this.woken.abort());
    const { context } = this.session;
    const until = context.now() + DRAIN_MS;
    await this.lookUntil(({ inFlight }) => {
      // An answered question must not turn the waiting into a busy loop.
      if (this.woken.signal.aborted) this.woken = new AbortController();
      return pause.state === 'refused' || (pause.state === 'confirmed' && inFlight === 0) || context.now() >= until;
    });
    return await this.tellPaused(code, pause);
  }

  private async tellPaused(code: ExitCode, pause: Pause): Promise<number> {
    const { session, ending, handle } = this;
    if (ending !== null && 'result' in ending) {
      await this.finish();
      return code;
    }
    const progress = await handle.progress();
    this.view.end(viewModel(this.samples, progress, session.context.now()));
    if (this.options.json) await session.json(pausedEvent(progress, code));
    if (pause.state === 'confirmed')
      session.say(
        `Paused: ${rowsDone(progress)} of ${plural(progress.total, 'row')} ${progress.total === 1 ? 'is' : 'are'} done.`,
      );
    else session.say(`The pause was not confirmed, so the run may go on: ${pause.why}`, 'bad');
    if (progress.inFlight > 0)
      session.say(
        `${plural(progress.inFlight, 'call')} ${progress.inFlight === 1 ? 'is' : 'are'} still under way; what they answer will be kept.`,
      );
    session.say(`Go on with:  ${this.options.goOn.join('   or   ')}`);
    return code;
  }
}

/** Shows a run until its end and says what came of it. Returns the exit code. */
export async function followRun(session: Session, handle: RunHandle, options: FollowOptions): Promise<number> {
  return await new Follower(session, handle, options).follow();
}
