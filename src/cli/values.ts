/** Values of options. Each throws E_CLI_VALUE (or E_CLI_PORT), naming the flag, what was found and what is allowed. */
import { usageError } from './problems.js';

/** Reads one value; `flag` is the long form, for messages. */
export type ValueReader<T> = (text: string, flag: string) => T;

const LARGEST_COUNT = 1_000_000_000;

function refuse(flag: string, text: string, allowed: string, fix?: string): never {
  throw usageError('E_CLI_VALUE', `${flag} is "${text}"`, { allowed, ...(fix === undefined ? {} : { fix }) });
}

/** A whole number from 1. */
export const count: ValueReader<number> = (text, flag) => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > LARGEST_COUNT) refuse(flag, text, 'a whole number from 1 to 1,000,000,000', `${flag} 100`);
  return value;
};

/** An amount of USD above 0. */
export const usd: ValueReader<number> = (text, flag) => {
  const value = /^(\d+(\.\d+)?|\.\d+)$/.test(text) ? Number(text) : 0;
  if (value <= 0 || value > LARGEST_COUNT) refuse(flag, text, 'an amount of USD above 0, with a point', `${flag} 2.50`);
  return value;
};

/** What another reader takes, or the word `none`. (Not null: commander makes an empty text of that.) */
export function orNone<T>(read: ValueReader<T>): ValueReader<T | 'none'> {
  return (text, flag) => (text === 'none' ? text : read(text, flag));
}

/** A path or another text that is not empty. */
export const text: ValueReader<string> = (value, flag) => {
  if (value.trim() === '') refuse(flag, value, 'a text that is not empty');
  if (value.includes('\0')) refuse(flag, value.replaceAll('\0', '\\0'), 'a text without zero characters');
  return value;
};

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): ValueReader<T> {
  return (value, flag) => words.find((word) => word === value) ?? refuse(flag, value, words.join(', '));
}

/** A TCP port. */
export const port: ValueReader<number> = (value, flag) => {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > 65_535) {
    throw usageError('E_CLI_PORT', `${flag} is "${value}"`, { allowed: 'a port from 1 to 65535', fix: `${flag} 8080` });
  }
  return number;
};
