/**
 * Prompt templates: `{{seed}}`, `{{field}}`, `{{field.sub}}` and nothing else. Parsed once, rendered in one pass,
 * so text inside a value is never expanded. `{{{{` writes a literal `{{`. A field may have any signs in its name, so only the rows tell
 * whether `{{a + b}}` is one or an expression.
 */
import type { SeedContent } from '../schema/seed.js';
import { type Problem, SwarmError } from './errors.js';
import { exactJson } from './exact-json.js';
import { shortened } from './format.js';

/** A problem of the template text; `offset` counts UTF-16 units from its start. */
export interface TemplateFault extends Omit<Problem, 'place'> {
  offset: number;
}

/** What a variable is for one row. */
export type VariableValue =
  | { kind: 'text'; text: string }
  | { kind: 'absent' }
  /** `found` names what is there: `null`, `an object`, ... */
  | { kind: 'unusable'; found: string };

export interface Template {
  /** Distinct variables in order of first use, dotted as written: `seed`, `title`, `author.name`. */
  readonly variables: readonly string[];
  /** Where each variable first stands in the text. */
  readonly offsets: ReadonlyMap<string, number>;
  /** The prompt for a row. Throws a SwarmError with E_SEED_FIELD or E_SEED_FIELD_TYPE. */
  render(content: SeedContent): string;
}

type Part = { text: string } | { path: string };

const NAME = /^[\p{L}_][\p{L}\p{N}_-]*(?: +[\p{L}\p{N}_-]+)*(?:\.[\p{L}\p{N}_][\p{L}\p{N}_ -]*)*$/u;
const STATEMENT = /\{[%#][-~]?\s*[\w"'].*?[%#]\}/gs;
export const PLACEHOLDERS = '{{seed}} for the whole row, {{field}} or {{field.sub}} for a field of it; {{{{ writes a literal {{';

/** False for what is a field only when some row has one of exactly this name: with signs in it, it looks like an expression. */
export function isPlainName(path: string): boolean {
  return NAME.test(path);
}

/** True when a placeholder can hold this name. */
export function canBeNamed(field: string): boolean {
  return field.trim() !== '' && !/\{\{|\}\}|\n|^[{]|[}]$/.test(field);
}

function cut(source: string): { parts: Part[]; offsets: Map<string, number>; faults: TemplateFault[] } {
  const parts: Part[] = [];
  const offsets = new Map<string, number>();
  const faults: TemplateFault[] = [];
  let literal = '';
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    if (open < 0) break;
    literal += source.slice(at, open);
    if (source.startsWith('{{{{', open)) {
      literal += '{{';
      at = open + 4;
      continue;
    }
    if (source.startsWith('{{{', open)) {
      literal += '{';
      at = open + 1;
      continue;
    }
    const close = source.indexOf('}}', open + 2);
    const inner = close < 0 ? source.slice(open + 2) : source.slice(open + 2, close);
    if (close < 0 || inner.includes('{{') || inner.includes('\n')) {
      const line = inner.split('\n', 1)[0] ?? '';
      faults.push({
        code: 'E_TEMPLATE_SYNTAX',
        offset: open,
        found: `"{{${shortened(line)}" has no closing }}`,
        allowed: PLACEHOLDERS,
        fix: 'close the placeholder with }}, or write {{{{ for a literal {{',
      });
      at = open + 2;
      continue;
    }
    const path = inner.trim();
    if (path === '') {
      faults.push({
        code: 'E_TEMPLATE_SYNTAX',
        offset: open,
        found: 'a placeholder has no name: {{}}',
        allowed: PLACEHOLDERS,
        fix: 'name a field, or write {{{{}} for a literal {{}}',
      });
    } else {
      if (literal !== '') parts.push({ text: literal });
      literal = '';
      parts.push({ path });
      if (!offsets.has(path)) offsets.set(path, open);
    }
    at = close + 2;
  }
  literal += source.slice(at);
  if (literal !== '') parts.push({ text: literal });
  for (const match of source.matchAll(STATEMENT)) {
    faults.push({
      code: 'E_TEMPLATE_EXPRESSION',
      offset: match.index,
      found: `"${shortened(match[0])}" is a template statement; templates hold no statements`,
      allowed: PLACEHOLDERS,
      fix: 'make one row per wanted prompt, or put the text in a field of the row',
    });
  }
  return { parts, offsets, faults: faults.sort((a, b) => a.offset - b.offset) };
}

function asText(value: unknown): VariableValue {
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (typeof value === 'boolean' || typeof value === 'bigint') return { kind: 'text', text: String(value) };
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return { kind: 'unusable', found: 'a whole number over 2^53, whose last digits are lost' };
    }
    return Number.isFinite(value) ? { kind: 'text', text: String(value) } : { kind: 'unusable', found: String(value) };
  }
  if (value === null) return { kind: 'unusable', found: 'null' };
  return { kind: 'unusable', found: Array.isArray(value) ? 'a list' : 'an object' };
}

function ownField(value: unknown, name: string): { has: boolean; value: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
    return { has: false, value: undefined };
  }
  const field = (value as Record<string, unknown>)[name];
  return { has: field !== undefined, value: field };
}

/** A placeholder is read without the blanks around it, so it also means a field whose name has some: the second of `id, text`. */
function fieldOf(value: unknown, name: string): { has: boolean; value: unknown } {
  const own = ownField(value, name);
  if (own.has || typeof value !== 'object' || value === null) return own;
  const other = Object.keys(value).find((key) => key !== name && key.trim() === name);
  return other === undefined ? own : ownField(value, other);
}

/**
 * What a template variable is for a row. Own fields only; a field whose own name has dots goes before a path, one without blanks around its
 * name before one with them.
 * A text row has the one variable `seed`; for an object row `seed` is its field `seed`, else the whole row as JSON.
 */
export function variableOf(content: SeedContent, path: string): VariableValue {
  if (typeof content === 'string') return path === 'seed' ? { kind: 'text', text: content } : { kind: 'absent' };
  const whole = fieldOf(content, path);
  if (whole.has) return asText(whole.value);
  if (path === 'seed') return { kind: 'text', text: exactJson(content) };
  if (!path.includes('.')) return { kind: 'absent' };
  let value: unknown = content;
  for (const name of path.split('.')) {
    const field = fieldOf(value, name.trim());
    if (!field.has) return { kind: 'absent' };
    value = field.value;
  }
  return asText(value);
}

/** The problem of a variable that this row cannot fill, or null. Without a place. */
export function variableProblem(path: string, value: VariableValue): Problem | null {
  if (value.kind === 'text') return null;
  if (value.kind === 'absent') {
    return {
      code: 'E_SEED_FIELD',
      found: `the task uses {{${path}}} and the row has no such field`,
      allowed: 'rows that have every field that the task uses',
      fix: `give the row a field "${path}", or take {{${path}}} out of the task`,
    };
  }
  return {
    code: 'E_SEED_FIELD_TYPE',
    found: `field "${path}" is ${value.found}`,
    allowed: 'text, a number, true or false',
    fix: 'write the value as text, or name a field inside it: {{field.sub}}',
  };
}

/** Reads a template; all faults at once, in order. `template` is null when there are any. */
export function readTemplate(source: string): { template: Template | null; faults: TemplateFault[] } {
  if (source.trim() === '') {
    const fault = {
      code: 'E_TEMPLATE_EMPTY',
      offset: 0,
      found: 'prompt_template is blank',
      allowed: PLACEHOLDERS,
      fix: 'write the prompt, with {{seed}} where the row goes',
    };
    return { template: null, faults: [fault] };
  }
  const { parts, offsets, faults } = cut(source);
  if (faults.length > 0) return { template: null, faults };
  const render = (content: SeedContent): string => {
    let prompt = '';
    for (const part of parts) {
      if ('text' in part) {
        prompt += part.text;
        continue;
      }
      const value = variableOf(content, part.path);
      if (value.kind === 'text') prompt += value.text;
      else throw new SwarmError(variableProblem(part.path, value) as Problem);
    }
    return prompt;
  };
  return { template: { variables: [...offsets.keys()], offsets, render }, faults: [] };
}

/** Parses a template. Throws a SwarmError (E_TEMPLATE_*) whose places are line and column inside the template text. */
export function parseTemplate(source: string): Template {
  const { template, faults } = readTemplate(source);
  if (template) return template;
  throw new SwarmError(
    faults.map(({ offset, ...problem }) => {
      const before = source.slice(0, offset).split('\n');
      return { ...problem, place: { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 } };
    }),
  );
}
