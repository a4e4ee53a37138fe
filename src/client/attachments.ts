/** The runs that this program needs its host for: a host that knows of one does not leave as idle. */
import type { HostConnection } from './host/connection.js';

type Host = Pick<HostConnection, 'attach' | 'detach'>;

export class Attachments<H extends Host = Host> {
  readonly #reach: () => Promise<H>;
  /** Who needs the host for it, by run. */
  readonly #needs = new Map<string, Set<object>>();
  /** The host that was told, by run. */
  readonly #told = new Map<string, H>();

  /** `reach` finds or starts the host. */
  constructor(reach: () => Promise<H>) {
    this.#reach = reach;
  }

  /**
   * `who` needs the host of the moment for the run until it is released: that host is told, once, and returned. To be asked again when a
   * host may have died. Throws E_HOST_GONE, and what the start of a host fails with.
   */
  async attach(run: string, who: object): Promise<H> {
    const needs = this.#needs.get(run) ?? new Set();
    this.#needs.set(run, needs.add(who));
    const host = await this.#reach();
    if (this.#told.get(run) === host || !needs.has(who)) return host;
    this.#told.set(run, host);
    try {
      await host.attach(run);
    } catch (error) {
      this.#told.delete(run);
      throw error;
    }
    return host;
  }

  release(run: string, who: object): void {
    const needs = this.#needs.get(run);
    if (!needs?.delete(who) || needs.size > 0) return;
    this.#needs.delete(run);
    const host = this.#told.get(run);
    this.#told.delete(run);
    // It may be gone.
    host?.detach(run).catch(() => undefined);
  }
}
