/** Seeded draws: everything random in the simulator is a function of a text. */
import { hash } from 'node:crypto';
import { EXIT, SwarmError } from '../core/errors.js';

/** First 16 hex digits of sha256 over the parts; the parts cannot run into each other. */
export function digest(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `${part.length}:${part}`;
  return hash('sha256', text, 'hex').slice(0, 16);
}

/** A whole number 0..2^32-1 from a text: FNV-1a with the finishing mix of MurmurHash3. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [0, 1) from a text. */
export function uniform(text: string): number {
  return hash32(text) / 0x1_0000_0000;
}

/** One value, or values around a median. */
export type Distribution = { kind: 'fixed'; value: number } | { kind: 'lognormal'; median: number; sigma: number };

/** The value of a distribution for a text. Lognormal by Box and Muller. */
export function sample(distribution: Distribution, text: string): number {
  if (distribution.kind === 'fixed') return distribution.value;
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(`${text}/r`)));
  const normal = radius * Math.cos(2 * Math.PI * uniform(`${text}/a`));
  return distribution.median * Math.exp(distribution.sigma * normal);
}

/** Reads `120` or `lognormal:200,0.5`. Throws E_CLI_VALUE, naming the flag. */
export function parseDistribution(flag: string, text: string): Distribution {
  if (/^\d+(\.\d+)?$/.test(text)) return { kind: 'fixed', value: Number(text) };
  const match = /^lognormal:(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/.exec(text);
  if (match) return { kind: 'lognormal', median: Number(match[1]), sigma: Number(match[2]) };
  throw new SwarmError(
    {
      code: 'E_CLI_VALUE',
      found: `${flag} is "${text}"`,
      allowed: 'a number, or lognormal:MEDIAN,SIGMA',
      fix: `${flag} lognormal:200,0.5`,
    },
    EXIT.badInput,
  );
}
