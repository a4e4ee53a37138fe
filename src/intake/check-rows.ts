/** Rows against the template, while they stream by: which variables they cannot fill. */
import type { Place, Problem } from '../core/errors.js';
import { isFields } from '../core/fields.js';
import { shortened } from '../core/format.js';
import { nearest } from '../core/nearest.js';
import { canBeNamed, isPlainName, type Template, variableOf, variableProblem } from '../core/template.js';
import type { SeedContent } from '../schema/seed.js';

/** The templates of a task and where they stand. */
export interface PromptSource {
  /** prompt_template. */
  template: Template;
  /** Those of system_prompt and follow_up, as far as they are sent. */
  beside?: readonly Template[];
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
  /** True: a place in prompt_template. */
  inPrompt: boolean;
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
  #blank: { rows: number; first: Place; whole: boolean } | null = null;

  constructor(prompt: PromptSource) {
    this.#prompt = prompt;
    const inPrompt = new Set(prompt.template.variables);
    this.#variables = variablesOf(prompt).map((path) => ({
      path,
      inPrompt: inPrompt.has(path),
      filled: 0,
      absent: null,
      unusable: null,
    }));
  }

  /** Checks the next row. Returns whether the template can be filled with it. */
  check(content: SeedContent, place: Place): boolean {
    this.#rows += 1;
    let good = true;
    let said = false;
    for (const variable of this.#variables) {
      const value = variableOf(content, variable.path);
      if (value.kind === 'text') {
        variable.filled += 1;
        said ||= variable.inPrompt && value.text.trim() !== '';
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
    } else if (!said && this.#prompt.template.variables.length > 0) this.#noteBlank(content, place);
    return good;
  }

  #noteBlank(content: SeedContent, place: Place): void {
    this.#blank ??= { rows: 0, first: place, whole: this.#prompt.template.render(content).trim() === '' };
    this.#blank.rows += 1;
  }

  /** What a person should know of the prompts, a sentence each. */
  notes(): string[] {
    if (this.#blank === null) return [];
    const { rows, first, whole } = this.#blank;
    const what = whole ? 'rows whose prompt is blank' : 'rows that leave every placeholder of prompt_template blank';
    return [
      `${what}: ${rows}${first.line === undefined ? '' : `, the first in line ${first.line}`}; each is a call all the same`,
    ];
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
    const allowed = fields.map((name) => `{{${name}}}`).join(', ');
    const shared = { ...(place ? { place } : {}), allowed };
    if (isPlainName(path) || near) {
      return {
        ...shared,
        code: 'E_TEMPLATE_VAR',
        found: `the task uses {{${path}}}, and no row has a field of that name`,
        fix: near ? `did you mean {{${near}}}?` : 'use one of these fields, or add the field to the rows',
      };
    }
    return {
      ...shared,
      code: 'E_TEMPLATE_EXPRESSION',
      found: `no row has a field named "${shortened(path)}", and templates hold no expressions`,
      fix: 'put the wanted text in a field of the rows; for braces that are text write {{{{ instead of {{',
    };
  }
}

/** All variables that the rows must fill, each once. */
export function variablesOf({ template, beside = [] }: PromptSource): string[] {
  return [...new Set([template, ...beside].flatMap(({ variables }) => variables))];
}

/** Placeholders that this row can fill: fields, and fields of fields, as a template names them. */
function fieldsOf(content: SeedContent): string[] {
  if (typeof content === 'string') return [];
  const names = Object.keys(content).slice(0, SHOWN_FIELDS);
  const inner = names.flatMap((name) => {
    const value = content[name];
    return isFields(value) ? Object.keys(value).map((sub) => `${name}.${sub}`) : [name];
  });
  return inner
    .slice(0, SHOWN_FIELDS)
    .map((name) => name.trim())
    .filter((name) => canBeNamed(name) && variableOf(content, name).kind === 'text');
}
