/** Who is attached to this host, and for how long nobody has needed it. */

export class Clients {
  /** Attachments by connection: run ids, null for no run in particular. */
  readonly #attached = new Map<object, Set<string | null>>();
  #lastNeeded = performance.now();
  kept = false;

  attach(connection: object, run: string | null): void {
    const runs = this.#attached.get(connection) ?? new Set();
    runs.add(run);
    this.#attached.set(connection, runs);
    this.touch();
  }

  detach(connection: object, run: string | null): void {
    const runs = this.#attached.get(connection);
    runs?.delete(run);
    if (runs?.size === 0) this.gone(connection);
  }

  /** The connection has ended. */
  gone(connection: object): void {
    if (this.#attached.delete(connection)) this.touch();
  }

  /** Somebody asked for something just now. */
  touch(): void {
    this.#lastNeeded = performance.now();
  }

  get count(): number {
    return this.#attached.size;
  }

  get runs(): string[] {
    const runs = [...this.#attached.values()].flatMap((set) => [...set]);
    return [...new Set(runs.filter((run) => run !== null))].sort();
  }

  /** How long nobody was attached and nobody asked, in ms; 0 while someone is attached or the host is kept. */
  idleMs(): number {
    if (this.kept || this.count > 0) this.touch();
    return performance.now() - this.#lastNeeded;
  }
}
