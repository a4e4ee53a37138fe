/** The response in the text of a body, also one that comes as the events of a stream. */
import { type Fields, fieldsOf, isFields } from '../../../core/fields.js';
import { bodyValues } from '../../transport/body-values.js';
import type { BodyAnswer } from '../wire.js';

/** Events that hold the response as it ended. */
const LAST = /^response\.(?:completed|incomplete|failed|cancelled|done)$/;

function typeOf(value: unknown): string {
  const { type } = fieldsOf(value);
  return typeof type === 'string' ? type : '';
}

export function isResponse(value: unknown): value is Fields {
  return isFields(value) && (Array.isArray(value['output']) || value['object'] === 'response');
}

function isEvent(value: unknown): boolean {
  return typeOf(value).startsWith('response.') && !isResponse(value);
}

/** An event `error` has its code and message itself, or within, as an answer of status 400 has. */
function errorOf(event: Fields): unknown {
  return isFields(event['error']) ? event['error'] : event;
}

/** The response that events make up; cut when they end before it does. */
function joined(events: readonly Fields[], done: boolean): BodyAnswer {
  const last = events.findLast((event) => LAST.test(typeOf(event)));
  const failed = events.find((event) => typeOf(event) === 'error');
  const items = events.filter((event) => typeOf(event) === 'response.output_item.done').map(({ item }) => item);
  const ended = fieldsOf(last?.['response']);
  // Some leave the items out of the last event, which came before.
  const output = Array.isArray(ended['output']) && ended['output'].length > 0 ? ended['output'] : items;
  if (last !== undefined) return { value: { ...ended, object: 'response', output }, cut: false };
  const begun = fieldsOf(events.find((event) => isResponse(event['response']))?.['response']);
  const { id, model } = begun;
  if (failed !== undefined)
    return { value: { object: 'response', id, model, status: 'failed', error: errorOf(failed), output }, cut: false };
  return done && items.length > 0
    ? { value: { object: 'response', id, model, output }, cut: false }
    : { value: undefined, cut: true };
}

/** Of several values the one that is a response, else the one with an error. */
export function responseIn(body: string): BodyAnswer {
  const { values, isStream, done } = bodyValues(body);
  if (values.length === 0) return { value: undefined, cut: isStream };
  if (values.some(isEvent) || (isStream && values.some((one) => typeOf(one) === 'error')))
    return joined(values.filter(isFields), done);
  const value = values.find(isResponse) ?? values.find((one) => isFields(one) && 'error' in one);
  return { value: value ?? values[0], cut: false };
}
