/** Answers of a form: what the simulated model says when a request asks for JSON of a schema, or for a label. A function of the request alone. */
import { LABEL_NOTES, SCHEMA_NOTES } from '../core/conversation/answer-form.js';
import { type Fields, fieldsOf, isFields } from '../core/fields.js';
import { hash32 } from './draw.js';
import type { ChatRequest } from './exchange.js';

/** Deeper values are as small as their schema lets them be. */
const DEEP = 6;
const WORDS = 'amber river stone field maple harbor copper winter paper silver canyon garden marble willow violet'.split(' ');
const TEXTS: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  time: '12:30:00Z',
  'date-time': '2026-01-31T12:30:00Z',
  duration: 'P1D',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/a',
  url: 'https://example.com/a',
  uuid: '3b241101-e2bb-4255-8caf-4136c566a962',
};

class Maker {
  #made = 0;

  constructor(
    readonly root: Fields,
    readonly key: string,
  ) {}

  #draw(count: number): number {
    this.#made += 1;
    return hash32(`${this.key}/${this.#made}`) % Math.max(1, count);
  }

  value(given: unknown, depth = 0): unknown {
    if (!isFields(given)) return WORDS[this.#draw(WORDS.length)];
    const schema = this.#resolved(given);
    if ('const' in schema) return schema['const'];
    const { enum: values, anyOf, oneOf, type } = schema;
    if (Array.isArray(values)) return values[this.#draw(values.length)];
    const choices = anyOf ?? oneOf;
    if (Array.isArray(choices)) return this.value(choices[depth > DEEP ? choices.length - 1 : 0], depth + 1);
    switch (Array.isArray(type) ? type[0] : (type ?? ('properties' in schema ? 'object' : 'string'))) {
      case 'object':
        return this.#object(schema, depth);
      case 'array':
        return this.#list(schema, depth);
      case 'integer':
        return Math.ceil(this.#number(schema));
      case 'number':
        return this.#number(schema);
      case 'boolean':
        return this.#draw(2) === 1;
      case 'null':
        return null;
      default:
        return this.#text(schema);
    }
  }

  /** With what its references and `allOf` say. */
  #resolved(schema: Fields, seen = 0): Fields {
    const { $ref: ref, allOf, ...own } = schema;
    if (seen > DEEP) return own;
    const parts = Array.isArray(allOf) ? allOf.map((part) => this.#resolved(fieldsOf(part), seen + 1)) : [];
    if (typeof ref === 'string') parts.push(this.#resolved(fieldsOf(this.#at(ref)), seen + 1));
    const joined: Fields = Object.assign({}, ...parts, own);
    const properties = parts.concat(own).map((part) => fieldsOf(part['properties']));
    const required = parts.concat(own).flatMap((part) => (Array.isArray(part['required']) ? part['required'] : []));
    return parts.length === 0 ? own : { ...joined, properties: Object.assign({}, ...properties), required };
  }

  #at(ref: string): unknown {
    let here: unknown = this.root;
    for (const step of ref.replace(/^#\/?/, '').split('/')) {
      if (step !== '') here = fieldsOf(here)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    return here;
  }

  #object(schema: Fields, depth: number): Fields {
    const required = Array.isArray(schema['required']) ? schema['required'] : [];
    const names = Object.entries(fieldsOf(schema['properties'])).filter(([name]) => depth < DEEP || required.includes(name));
    return Object.fromEntries(names.map(([name, inner]) => [name, this.value(inner, depth + 1)]));
  }

  #list({ items, minItems, maxItems, prefixItems }: Fields, depth: number): unknown[] {
    const first = Array.isArray(prefixItems) ? prefixItems.map((inner) => this.value(inner, depth + 1)) : [];
    const least = Math.max(typeof minItems === 'number' ? minItems : 0, depth < DEEP && items !== undefined ? 1 : 0);
    const most = Math.min(typeof maxItems === 'number' ? maxItems : 1_000, Math.max(least, first.length));
    while (first.length < most) first.push(this.value(items, depth + 1));
    return first;
  }

  #number({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Fields): number {
    const low = numberOf(minimum) ?? (numberOf(exclusiveMinimum) === null ? null : (exclusiveMinimum as number) + 1);
    const high = numberOf(maximum) ?? (numberOf(exclusiveMaximum) === null ? null : (exclusiveMaximum as number) - 1);
    const from = low ?? Math.min(0, high ?? 0);
    const drawn = from + this.#draw(Math.min(100, Math.floor((high ?? from + 99) - from) + 1));
    const step = numberOf(multipleOf);
    return step === null ? drawn : Math.ceil(from / step) * step;
  }

  #text({ format, minLength, maxLength }: Fields): string {
    const known = typeof format === 'string' ? TEXTS[format] : undefined;
    if (known !== undefined) return known;
    let text = WORDS[this.#draw(WORDS.length)] as string;
    while (text.length < (numberOf(minLength) ?? 0)) text += ` ${WORDS[this.#draw(WORDS.length)]}`;
    return text.slice(0, numberOf(maxLength) ?? text.length);
  }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** The schema that goes with the request, or that its messages speak of. */
function schemaOf({ schema, messages }: ChatRequest): Fields | null {
  if (isFields(schema)) return schema;
  const said = messages.find(({ content }) => content.includes(SCHEMA_NOTES))?.content ?? '';
  const line = said.slice(said.indexOf(SCHEMA_NOTES) + SCHEMA_NOTES.length).split('\n')[1] ?? '';
  try {
    const read: unknown = JSON.parse(line);
    return isFields(read) ? read : null;
  } catch {
    return null;
  }
}

/** Labels that the messages list; null for none. */
function labelsOf({ messages }: ChatRequest): { labels: string[]; many: boolean } | null {
  for (const many of [false, true]) {
    const intro = LABEL_NOTES[many ? 'many' : 'one'];
    const said = messages.find(({ content }) => content.includes(intro))?.content;
    if (said === undefined) continue;
    const lines = said
      .slice(said.indexOf(intro) + intro.length)
      .split('\n')
      .slice(1);
    const end = lines.findIndex((line) => !line.startsWith('- '));
    return { labels: lines.slice(0, end < 0 ? lines.length : end).map((line) => line.slice(2)), many };
  }
  return null;
}

/** Null where any text will do. @param key of the request: the same one has the same answer */
export function madeAnswer(request: ChatRequest, key: string): string | null {
  const schema = schemaOf(request);
  if (schema !== null) return JSON.stringify(new Maker(schema, key).value(schema));
  const listed = labelsOf(request);
  if (listed === null || listed.labels.length === 0) return null;
  const label = listed.labels[hash32(`${key}/label`) % listed.labels.length] as string;
  return listed.many ? JSON.stringify([label]) : label;
}
