/**
 * What a host took from its environment when it started, beside what a command has in its own. Calls are made in the host: a cap, a proxy
 * or a database that only the command knows of would be no good, and nobody would see it.
 */
import { EXIT, SwarmError } from './errors.js';

export interface HostSettings {
  /** USD for all runs of a day, and the zone of its days. */
  maxDailyCost: { usd: number; timeZone: string } | null;
  /** Variables that say where a run is stored and worked on: with others a host never hears of it. */
  place: Readonly<Record<string, string>>;
  /** Variables that say how calls reach a provider: `HTTPS_PROXY`, `NODE_EXTRA_CA_CERTS` and the like. */
  route: Readonly<Record<string, string>>;
}

/** A variable that is not the same here (in the command) and there (in the host). No values: they may hold passwords. */
export interface OtherValue {
  name: string;
  kind: 'place' | 'route';
  here: boolean;
  there: boolean;
}

/** What the host answers. */
export interface SettingsAnswer {
  maxDailyCost: HostSettings['maxDailyCost'];
  others: OtherValue[];
}

function othersOf(kind: OtherValue['kind'], here: HostSettings, there: HostSettings): OtherValue[] {
  const names = [...new Set([...Object.keys(here[kind]), ...Object.keys(there[kind])])].sort();
  return names
    .filter((name) => here[kind][name] !== there[kind][name])
    .map((name) => ({ name, kind, here: here[kind][name] !== undefined, there: there[kind][name] !== undefined }));
}

export function settingsAnswer(here: HostSettings, there: HostSettings): SettingsAnswer {
  const others = [...othersOf('place', here, there), ...othersOf('route', here, there)];
  return { maxDailyCost: there.maxDailyCost, others };
}

function howTheyDiffer({ here, there }: OtherValue): string {
  if (!there) return 'is set here, and was not where the host was started';
  return here ? 'is another one than where the host was started' : 'is not set here, and was where the host was started';
}

const ANEW = 'to change that: swarm stop, then this command again';

/** Lines for people; empty when nothing differs. Caps need no word where the command's own is the lower one: it holds for its run. */
export function toldDifferences({ maxDailyCost, others }: SettingsAnswer, here: HostSettings, pid: number): string[] {
  const own = here.maxDailyCost;
  const lines = others.map(
    (other) => `${other.name} ${howTheyDiffer(other)} (pid ${pid}), which makes the calls: its own holds; ${ANEW}`,
  );
  if (maxDailyCost === null || (own !== null && own.usd <= maxDailyCost.usd)) return lines;
  const { usd, timeZone } = maxDailyCost;
  const cap = `SWARM_MAX_DAILY_COST=${usd} (days of ${timeZone})`;
  return [...lines, `the host (pid ${pid}) was started with ${cap}: it holds, as the lower one; ${ANEW}`];
}

/** E_HOST_SETTINGS when the host works on other runs than this command would start; else null. */
export function otherPlace({ others }: SettingsAnswer, pid: number): SwarmError | null {
  const place = others.find(({ kind }) => kind === 'place');
  if (place === undefined) return null;
  return new SwarmError(
    {
      code: 'E_HOST_SETTINGS',
      found: `${place.name} ${howTheyDiffer(place)} (pid ${pid}): it would never hear of this run`,
      allowed: 'the same database and the same Temporal for a host and its commands',
      fix: 'run `swarm stop`, then the command again; or set another SWARM_HOME for it',
    },
    EXIT.unreachable,
  );
}
