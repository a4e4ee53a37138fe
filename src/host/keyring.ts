/** API keys of this process: handed over by clients, or from its environment. In memory only. */
import { SHORTEST_SECRET } from '../core/redact.js';

export class Keyring {
  readonly #readEnvironment: (name: string) => string | undefined;
  readonly #handed = new Map<string, string>();
  /** Every form of every value seen so far, longest first. */
  #secrets: string[] = [];

  /** `readEnvironment`: `readKey` of config.ts. */
  constructor(readEnvironment: (name: string) => string | undefined) {
    this.#readEnvironment = readEnvironment;
  }

  hand(keys: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(keys)) {
      this.#handed.set(name, value);
      this.#remember(value);
    }
  }

  /** A handed-over value counts before the environment: it is the later one. */
  get(name: string): string | undefined {
    const value = this.#handed.get(name) ?? this.#readEnvironment(name);
    if (value !== undefined) this.#remember(value);
    return value;
  }

  /** The text with every known value replaced, in plain, JSON, URL and base64 form. */
  redact(text: string): string {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '[key]');
    return clean;
  }

  #remember(value: string): void {
    if (value.length < SHORTEST_SECRET || this.#secrets.includes(value)) return;
    const forms = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), Buffer.from(value).toString('base64')];
    this.#secrets = [...new Set([...this.#secrets, ...forms])].sort((a, b) => b.length - a.length);
  }
}
