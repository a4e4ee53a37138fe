/** Rows against the template, while they stream by: which variables they cannot fill. */
import type { Place, Problem } from '../core/errors.js';
import { nearest } from '../core/nearest.js';
import { type Template, variableOf, variableProblem } from '../core/template.js';
import type { SeedContent } from '../schema/seed.js';

/** A template and where it stands. */
export interface PromptSource {
  template: Template;
  variablePlaces?: Readonly<Record<string, Place>>;
  templatePlace?: Place;
}

/** Rows after which a variable that none of them had is taken for a mistake of the template. */
const HOPELESS_AFTER = 1000;
const SHOWN_ROWS = 5;
const SHOWN_FIELDS = 50;

interface Bad {
  count: number;
  /** The first few. */
  places: Place[];
  problem: Problem;
}

interface VariableState {
  path: string;
  filled: number;
  absent: Bad | null;
  unusable: Bad | null;
}

function count(bad: Bad | null, place: Place, problem: Problem): Bad {
  if (bad === null) return { count: 1, places: [place], problem };
  bad.count += 1;
  if (bad.places.length < SHOWN_ROWS) bad.places.push(place);
  return bad;
}

function summary({ count: rows, places, problem }: Bad): Problem {
  const [first = {}] = places;
  const place = Object.keys(first).length > 0 ? { place: first } : {};
  if (rows === 1) return { ...problem, ...place };
  const more = rows > places.length ? ` and ${rows - places.length} more` : '';
  return {
    ...problem,
    ...place,
    found: `${problem.found}; ${rows} rows: lines ${places.map(({ line }) => line).join(', ')}${more}`,
  };
}

export class RowCheck {
  readonly #prompt: PromptSource;
  readonly #variables: VariableState[];
  readonly #fields = new Set<string>();
  #rows = 0;
  #bad = false;

  constructor(prompt: PromptSource) {
    this.#prompt = prompt;
    this.#variables = prompt.template.variables.map((path) => ({ path, filled: 0, absent: null, unusable: null }));
  }

  /** Checks the next row. Returns whether the template can be filled with it. */
  check(content: SeedContent, place: Place): boolean {
    this.#rows += 1;
    let good = true;
    for (const variable of this.#variables) {
      const value = variableOf(content, variable.path);
      if (value.kind === 'text') {
        variable.filled += 1;
        continue;
      }
      good = false;
      const problem = variableProblem(variable.path, value) as Problem;
      if (value.kind === 'absent') variable.absent = count(variable.absent, place, problem);
      else variable.unusable = count(variable.unusable, place, problem);
    }
    if (!good) {
      this.#bad = true;
      if (this.#fields.size < SHOWN_FIELDS) for (const name of fieldsOf(content)) this.#fields.add(name);
    }
    return good;
  }

  /** True when any row so far was bad. */
  get bad(): boolean {
    return this.#bad;
  }

  /** True when many rows were read and a variable is in none of them: reading on tells nothing new. */
  get hopeless(): boolean {
    return this.#bad && this.#rows >= HOPELESS_AFTER && this.#variables.some((variable) => this.#neverThere(variable));
  }

  #neverThere(variable: VariableState): boolean {
    return variable.absent !== null && variable.filled === 0 && variable.unusable === null;
  }

  /**
   * E_TEMPLATE_VAR at the template for a variable that no row has; else E_SEED_FIELD and E_SEED_FIELD_TYPE at the first
   * row, naming the first five and the count.
   */
  problems(): Problem[] {
    const list: Problem[] = [];
    for (const variable of this.#variables) {
      if (this.#neverThere(variable)) {
        list.push(this.#unknownVariable(variable.path));
        continue;
      }
      for (const bad of [variable.absent, variable.unusable]) if (bad) list.push(summary(bad));
    }
    return list;
  }

  #unknownVariable(path: string): Problem {
    const place = this.#prompt.variablePlaces?.[path];
    const fields = [...new Set(['seed', ...this.#fields])];
    const near = nearest(path, fields);
    return {
      code: 'E_TEMPLATE_VAR',
      ...(place ? { place } : {}),
      found: `the template uses {{${path}}}, and no row has a field of that name`,
      allowed: fields.map((name) => `{{${name}}}`).join(', '),
      fix: near ? `did you mean {{${near}}}?` : 'use one of these fields, or add the field to the rows',
    };
  }
}

function fieldsOf(content: SeedContent): string[] {
  return typeof content === 'string' ? [] : Object.keys(content).slice(0, SHOWN_FIELDS);
}
