/** The turns under way in this process: each is taken once, whoever asks for it, and none before the time that it was told to wait for. */
import { isRow } from '../../core/phases.js';
import type { ActivityDeps } from '../deps.js';
import type { Publications } from '../phases/publication.js';
import type { History } from './history.js';
import type { PhaseContext } from './phase-context.js';
import { heedStop } from './run-stop.js';
import { TakeTurn } from './take-turn.js';
import { stopByDisk, type TurnEnd } from './turn-end.js';
import { type Subject, TurnInHand } from './turn-in-hand.js';

export class Turns {
  readonly #deps: ActivityDeps;
  readonly #publications: Pick<Publications, 'ahead'>;
  readonly #turn: TakeTurn;
  /** Single flight: a second asker of the same turn joins the call under way. */
  readonly #flights = new Map<string, Promise<TurnEnd>>();
  /** Turns that were told to wait, by whoever asked: until then nobody sends them. */
  readonly #notBefore = new Map<string, TurnEnd & { kind: 'wait' }>();

  constructor(deps: ActivityDeps, publications: Pick<Publications, 'ahead'>) {
    this.#deps = deps;
    this.#publications = publications;
    this.#turn = new TakeTurn(deps);
  }

  /** Takes the seed's next turn. `history` is brought up to date; a joined turn reloads it. */
  async take(context: PhaseContext, seed: Subject, history: History): Promise<TurnEnd> {
    const turn = new TurnInHand(context, seed, history);
    // Its answer makes another turn of it.
    const { name } = turn;
    const under = this.#flights.get(name);
    if (under !== undefined) {
      const end = await under;
      if (end.kind === 'go-on') turn.renew(await this.#deps.store.calls(context.run.id, { list: [seed.index] }));
      return end;
    }
    const waits = this.#notBefore.get(name);
    if (waits && waits.until > this.#deps.clock.now() && !context.of.cancelSignal.aborted) return waits;
    this.#notBefore.delete(name);
    const flight = this.#turn.take(turn).catch((error: unknown) => stopByDisk(context.of, error));
    this.#flights.set(name, flight);
    try {
      const end = await flight;
      if (end.kind === 'done' && isRow(seed.index)) this.#countDown(context);
      if (end.kind === 'done' && end.outcome.status === 'failed') await heedStop(this.#deps, context);
      if (end.kind === 'wait') this.#putOff(context, name, end);
      return end;
    } finally {
      this.#flights.delete(name);
    }
  }

  #putOff({ gate, run }: PhaseContext, name: string, end: TurnEnd & { kind: 'wait' }): void {
    this.#notBefore.set(name, end);
    if (end.until > this.#deps.clock.now()) gate.rests(run.id, end.until);
  }

  /** The run is published as soon as its last outcome is stored, when no phase comes after that. */
  #countDown({ of, endsWithRows }: PhaseContext): void {
    of.left -= 1;
    if (of.left <= 0 && endsWithRows) this.#publications.ahead(of.run.id, of.run.epoch);
  }
}
