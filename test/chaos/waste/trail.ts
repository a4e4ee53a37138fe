/** What a store on PostgreSQL has committed, and when: every intent of a call, every stop of a run and its end, by the database itself. */
import pg from 'pg';

/** What the server has to be started with: its commit times are the measure. */
export const TRAIL_SETTINGS = ['track_commit_timestamp=on'];

const TABLES = `
  CREATE TABLE trail (n BIGINT GENERATED ALWAYS AS IDENTITY, run_id TEXT NOT NULL, what TEXT NOT NULL);
  CREATE FUNCTION trail_intent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO trail (run_id, what) VALUES (NEW.run_id, 'intent'); RETURN NULL; END $$;
  CREATE TRIGGER trail_intent AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION trail_intent();
  CREATE FUNCTION trail_stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO trail (run_id, what) VALUES (NEW.run_id, CASE WHEN NEW.stop_json IS NULL THEN 'on' ELSE 'stop' END); RETURN NULL; END $$;
  CREATE TRIGGER trail_stop AFTER UPDATE ON controls FOR EACH ROW WHEN (OLD.stop_json IS DISTINCT FROM NEW.stop_json)
    EXECUTE FUNCTION trail_stop();`;

/** A stop of a run. Times are commit times, ms since the Unix epoch. */
export interface TrailedStop {
  at: number;
  /** When calls might go again; infinite while they may not. */
  until: number;
  /** Intents that were committed before it. */
  intents: number;
  /** Intents that were committed while it held: there may be none. */
  after: number;
}

export class Trail {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** The store's tables are there already. */
  static async open(database: string): Promise<Trail> {
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    await client.query(TABLES);
    return new Trail(client);
  }

  /** Throws when the run was stopped more or less often than once. */
  async stop(run: string): Promise<TrailedStop> {
    const { rows } = await this.#client.query<{ what: string; at: string }>(
      `SELECT what, EXTRACT(EPOCH FROM pg_xact_commit_timestamp(xmin)) * 1000 AS at FROM trail WHERE run_id = $1 ORDER BY at, n`,
      [run],
    );
    const times = (name: string) => rows.filter(({ what }) => what === name).map(({ at }) => Number(at));
    const [at, ...more] = times('stop');
    if (at === undefined || more.length > 0) throw new Error(`${run} was stopped ${times('stop').length} times`);
    const until = times('on').find((time) => time > at) ?? Number.POSITIVE_INFINITY;
    const intents = times('intent');
    return {
      at,
      until,
      intents: intents.filter((time) => time <= at).length,
      after: intents.filter((time) => time > at && time < until).length,
    };
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}
