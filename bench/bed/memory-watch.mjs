// @ts-check
/** Resident memory of several processes over time: the highest of each in every stage, and in all. */
import { residentMb } from './processes.mjs';

const LOOK_MS = 250;

export class MemoryWatch {
  /** Looked up at each look, since a process may be replaced; throws or NaN while there is none. @type {Record<string, () => number>} */
  #pids;
  /** Peaks in MB by stage, then by process. @type {Map<string, Record<string, number>>} */
  #peaks = new Map();
  #stage = '';
  /** @type {NodeJS.Timeout} */
  #timer;

  /** @param {Record<string, () => number>} pids */
  constructor(pids) {
    this.#pids = pids;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** What is seen from now on belongs to this stage. @param {string} name */
  stage(name) {
    this.#stage = name;
    this.#look();
  }

  /** @returns {{stage: string, mb: Record<string, number>}[]} */
  stages() {
    return [...this.#peaks].map(([stage, mb]) => ({ stage, mb }));
  }

  /** Highest of all stages. @returns {Record<string, number>} */
  peaks() {
    /** @type {Record<string, number>} */
    const most = {};
    for (const mb of this.#peaks.values())
      for (const [name, value] of Object.entries(mb)) most[name] = Math.max(most[name] ?? 0, value);
    return most;
  }

  end() {
    clearInterval(this.#timer);
  }

  #look() {
    const peaks = this.#peaks.get(this.#stage) ?? {};
    this.#peaks.set(this.#stage, peaks);
    for (const [name, pidOf] of Object.entries(this.#pids)) {
      const mb = this.#memoryOf(pidOf);
      if (mb !== null) peaks[name] = Math.max(peaks[name] ?? 0, Math.round(mb));
    }
  }

  /** @param {() => number} pidOf */
  #memoryOf(pidOf) {
    try {
      return residentMb(pidOf());
    } catch {
      return null;
    }
  }
}
