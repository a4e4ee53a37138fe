/** Thoughts of the simulated model on the Responses wire: encrypted, they come back as they went out, or the request is refused. */
import { digest } from '../draw.js';

export function thoughtsId(key: string): string {
  return `rs_${key}`;
}

/** Id of a message; one that belongs to thoughts comes back with them. */
export function messageId(key: string, hasThoughts: boolean): string {
  return `msg_${hasThoughts ? 't' : ''}${key}`;
}

/** Key of the thoughts that a message of this id belongs to; null: to none. */
export function thoughtsOfMessage(id: unknown): string | null {
  return (typeof id === 'string' ? /^msg_t(\w+)$/.exec(id)?.[1] : null) ?? null;
}

export function encrypted(key: string): string {
  return `sim-${key}-${digest(['thoughts', key])}`;
}

/** Key of encrypted thoughts; null when they are not as they went out. */
export function decrypted(content: unknown): string | null {
  const key = typeof content === 'string' ? /^sim-(\w+)-/.exec(content)?.[1] : undefined;
  return key !== undefined && encrypted(key) === content ? key : null;
}
