/** The problems and notes of one reading of a task, and the places that they name. */
import type { Place, Problem } from '../core/errors.js';
import { plural } from '../core/format.js';

export type KeyPath = readonly (string | number)[];

/** Where things stand in the source. Empty places for a task from code. */
export interface TaskPlaces {
  /** The value at a path; the nearest enclosing one when it has none. */
  value(path: KeyPath): Place;
  /** The key at a path. */
  key(path: KeyPath): Place;
  /** A character of the text at a path. */
  inText(path: KeyPath, text: string, offset: number): Place;
}

/** Stands for a value whose source was refused already: the key is given, its value unknown. */
export const REFUSED = Symbol('refused');

/** Problems printed before the rest is only counted. */
export const SHOWN_PROBLEMS = 20;

/** Collects problems: the first ones whole, the rest as a count. */
export class TaskProblems {
  readonly problems: Problem[] = [];
  readonly notes: string[] = [];
  #more = 0;

  constructor(readonly places: TaskPlaces) {}

  add(place: Place, fault: Omit<Problem, 'place'>): void {
    if (this.problems.length < SHOWN_PROBLEMS) this.problems.push(Object.keys(place).length > 0 ? { ...fault, place } : fault);
    else this.#more += 1;
  }

  get full(): boolean {
    return this.problems.length >= SHOWN_PROBLEMS;
  }

  get failed(): boolean {
    return this.problems.length > 0;
  }

  sorted(): Problem[] {
    const at = (problem: Problem) => (problem.place?.line ?? 1e9) * 1e6 + (problem.place?.column ?? 0);
    const list = [...this.problems].sort((a, b) => at(a) - at(b));
    if (this.#more > 0)
      list.push({
        code: 'E_TASK_MORE',
        found: `${plural(this.#more, 'more problem')} ${this.#more === 1 ? 'is' : 'are'} not listed`,
        fix: 'fix the first ones',
      });
    return list;
  }
}
