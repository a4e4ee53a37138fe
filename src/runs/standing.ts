/** Where a run stands, as a union: what cannot be together cannot be said. */
import type { StopCause } from '../core/model.js';
import type { RunRow } from '../store/port/store.js';

/** What a run waits for. */
export interface RunWait {
  /** One of `concurrency`, `slow`, `requests/min`, `tokens/min`, `provider`, `breaker`, `refused`, `quota`, `money`, `stagger`, `retry` or `paused`. */
  why: string;
  /** The same for people, with what is known of it. */
  text: string;
  /** Epoch ms. */
  since: number;
  /** When it ends, if that is known; epoch ms. */
  until: number | null;
  /** For `breaker` and `retry`: what calls met last, in words, and since when (epoch ms) none was answered; null when it is not known. */
  failure: { text: string; since: number } | null;
}

/** Nothing works on it. */
interface AtRest {
  /** Processes that make its calls: the host, and each `swarm worker`; null for a run that is not running. */
  processes: null;
  /** What keeps it from being quicker; null when nothing is known to. */
  waits: null;
}

/** Its end is written down when what it has is published; epoch ms, null until then. */
interface Ending extends AtRest {
  endedAt: number | null;
}

/** Where a run stands (`state`), why (`reason`), and what goes with that alone. */
export type Standing =
  /** Its rows are being stored, or are, and its epoch is not open yet. */
  | (AtRest & {
      /** Where it stands. */
      state: 'staging' | 'staged';
      /** Why it stands still: what stopped it, `user` for a person, `host` for a host that is gone; null: nothing did. */
      reason: null;
      /** When it ended and what it has was published, epoch ms; null until then. */
      endedAt: null;
    })
  | {
      state: 'running';
      reason: null;
      endedAt: null;
      /** Processes that make its calls: the host, and each `swarm worker`; null for a run that is not running. */
      processes: number;
      /** What keeps it from being quicker; null when nothing is known to. */
      waits: RunWait | null;
    }
  /** By a person: it goes on in the same epoch. */
  | (AtRest & { state: 'paused'; reason: 'user'; endedAt: null })
  /** By what the reason names: once that is mended, its next epoch goes on. */
  | (Ending & { state: 'paused'; reason: StopCause })
  /** Its host is gone, or its workflow was ended from outside. */
  | (AtRest & { state: 'interrupted'; reason: 'user' | 'host'; endedAt: null })
  | (Ending & { state: 'completed'; reason: null })
  | (Ending & { state: 'capped' | 'cancelled' | 'failed'; reason: StopCause | null });

/** Of a run that works: its processes and what it waits for; asked for no other. */
type AtWork = Pick<Extract<Standing, { state: 'running' }>, 'processes' | 'waits'>;

/** `atWork` is looked up for a run that works alone. */
export async function standingOf(run: RunRow, atWork: () => Promise<AtWork>): Promise<Standing> {
  const { state, reason, endedAt } = run;
  const rest = { processes: null, waits: null } as const;
  switch (state) {
    case 'staging':
    case 'staged':
      return { ...rest, state, reason: null, endedAt: null };
    case 'running':
      return { state, reason: null, endedAt: null, ...(await atWork()) };
    case 'interrupted':
      return { ...rest, state, reason: reason === 'user' ? 'user' : 'host', endedAt: null };
    case 'completed':
      return { ...rest, state, reason: null, endedAt };
    case 'paused': {
      const cause = causeOf(reason);
      return cause === null ? { ...rest, state, reason: 'user', endedAt: null } : { ...rest, state, reason: cause, endedAt };
    }
    default:
      return { ...rest, state, reason: causeOf(reason), endedAt };
  }
}

function causeOf(reason: RunRow['reason']): StopCause | null {
  return reason === 'user' || reason === 'host' ? null : reason;
}
