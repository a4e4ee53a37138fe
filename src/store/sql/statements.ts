/**
 * The SQL of all writes, in words that both SQLite (3.45) and PostgreSQL (15) understand: numbered parameters (`?1`, sent to PostgreSQL
 * as `$1`), ON CONFLICT, RETURNING, and a CAST where PostgreSQL cannot infer a parameter's type.
 */

export type Value = string | number | null;
export type Row = Record<string, Value>;

export interface Statement {
  /** Unique: PostgreSQL keeps prepared statements by name. */
  readonly name: string;
  readonly text: string;
}

/** SQL may be written over several lines. */
export function statement(name: string, text: string): Statement {
  return { name, text: text.replace(/\s+/g, ' ').trim() };
}

function define<N extends string>(texts: Record<N, string>): Record<N, Statement> {
  const entries = Object.entries<string>(texts).map(([name, text]) => [name, statement(name, text)]);
  return Object.fromEntries(entries) as Record<N, Statement>;
}

const CALL = 'run_id = ?1 AND idx = ?2 AND turn = ?3 AND attempt = ?4';
const TURN = 'run_id = ?1 AND idx = ?2 AND turn = ?3';
/**
 * What an answer sets. The state that a call must be in is written out, here and below: as a parameter it would make SQLite compile the
 * statement again at each use, since it decides with the value whether a partial index fits.
 */
const ANSWERED = `finish = ?5, served_model = ?6, input_tokens = ?7, cached_tokens = ?8, output_tokens = ?9, reasoning_tokens = ?10,
  cost_nano = ?11, ended_at = ?12, unpriced = ?13 WHERE ${CALL}`;
/** The turn has no answer yet and the seed no outcome. */
const UNANSWERED = `NOT EXISTS (SELECT 1 FROM calls other WHERE other.run_id = ?1 AND other.idx = ?2 AND other.turn = ?3
  AND other.state = 'answered') AND NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.run_id = ?1 AND outcomes.idx = ?2)`;
/** An answer that came too late: what it cost is what stays charged for the doubtful call. */
const LATE = `UPDATE calls SET state = 'doubtful', code = ?5, finish = ?6, served_model = ?7, reserved_nano = ?8, ended_at = ?9
  WHERE ${CALL}`;
/** A call that is paid for and has no answer. */
const SPENT = `UPDATE calls SET state = 'superseded', code = ?5, served_model = ?6, input_tokens = ?7, cached_tokens = ?8,
  output_tokens = ?9, reasoning_tokens = ?10, cost_nano = ?11, ended_at = ?12`;
const ENDED = `UPDATE calls SET state = ?5, code = ?6, is_try = ?7, ended_at = ?8 WHERE ${CALL}`;
/** Failed rows of a run, of one cause (?2) or, when it is null, of all. */
/** What is `content_filter` was called `filtered` once. */
const FAILED = `run_id = ?1 AND status = 'failed' AND (CAST(?2 AS TEXT) IS NULL OR cause = ?2
  OR (?2 = 'content_filter' AND cause = 'filtered'))`;
/** What a row (?3) has cost for sure, and what its open and doubtful calls are charged with. Refused calls cost nothing. */
const ROW_MONEY = `(SELECT CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) FROM calls WHERE run_id = ?1 AND idx = ?3
  AND state IN ('answered', 'superseded'))`;
const ROW_HELD = `(SELECT CAST(COALESCE(SUM(reserved_nano), 0) AS BIGINT) FROM calls WHERE run_id = ?1 AND idx = ?3
  AND state IN ('intent', 'doubtful'))`;
/** What all runs of a day are charged with when the call (?2) is made: `charge` of reservation.ts. */
const dayCharge = (from: string, to: string) =>
  `(SELECT CAST(COALESCE(SUM(settled_nano + doubtful_nano) + CASE WHEN SUM(reserved_nano) > 0
  THEN CAST(?10 AS BIGINT) * (SUM(reserved_nano) + CAST(?2 AS BIGINT)) ELSE CAST(?2 AS BIGINT) END, CAST(?2 AS BIGINT)) AS BIGINT)
  FROM ledger WHERE slot >= CAST(${from} AS BIGINT) AND slot < CAST(${to} AS BIGINT))`;
/** The same of the run. */
const RUN_CHARGE = `run_totals.settled_nano + run_totals.doubtful_nano + CASE WHEN run_totals.reserved_nano > 0
  THEN CAST(?10 AS BIGINT) * (run_totals.reserved_nano + CAST(?2 AS BIGINT)) ELSE CAST(?2 AS BIGINT) END`;
const DEAD_OWNERS = 'SELECT id FROM owners WHERE home = ?1 AND id <> ?2';

export const SQL = define({
  // Totals.
  hasTotals: 'SELECT run_id FROM run_totals WHERE run_id = ?1',
  insertTotals: `INSERT INTO run_totals (run_id, total, ok, failed, filtered, seq, calls, tries, limited, doubtful, open_calls,
    settled_nano, reserved_nano, doubtful_nano, input_tokens, cached_tokens, output_tokens, reasoning_tokens, unpriced)
    VALUES (?1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
  addTotals: `UPDATE run_totals SET ok = ok + ?2, failed = failed + ?3, filtered = filtered + ?4, seq = seq + ?5, calls = calls + ?6,
    tries = tries + ?7, limited = limited + ?8, doubtful = doubtful + ?9, open_calls = open_calls + ?10,
    settled_nano = settled_nano + ?11, reserved_nano = reserved_nano + ?12, doubtful_nano = doubtful_nano + ?13,
    input_tokens = input_tokens + ?14, cached_tokens = cached_tokens + ?15, output_tokens = output_tokens + ?16,
    reasoning_tokens = reasoning_tokens + ?17, unpriced = unpriced + ?18,
    alike_rows = CASE WHEN CAST(?2 AS BIGINT) > 0 THEN 0 ELSE alike_rows END WHERE run_id = ?1`,
  setTotal: 'UPDATE run_totals SET total = ?2 WHERE run_id = ?1',

  // Calls.
  reserve: `UPDATE run_totals SET reserved_nano = reserved_nano + ?2, open_calls = open_calls + 1 WHERE run_id = ?1 AND NOT EXISTS
    (SELECT 1 FROM controls WHERE run_id = ?1 AND (paused = 1 OR cancelled = 1 OR stop_json IS NOT NULL OR call_cap_nano < CAST(?2 AS BIGINT)
     OR cap_nano < ${RUN_CHARGE}
     OR (row_cap_nano IS NOT NULL AND CAST(?3 AS BIGINT) >= 0 AND row_cap_nano < CAST(?2 AS BIGINT) + ${ROW_MONEY} + ${ROW_HELD})
     OR (CAST(?14 AS BIGINT) = 1 AND day_cap_nano IS NOT NULL AND day_cap_nano < ${dayCharge('?4', '?5')})
     OR (CAST(?14 AS BIGINT) = 1 AND start_cap_nano IS NOT NULL
       AND (start_cap_zone <> CAST(?11 AS TEXT) OR start_cap_nano < ${dayCharge('?12', '?13')}))))
    AND NOT EXISTS (SELECT 1 FROM ledger WHERE slot > CAST(?9 AS BIGINT))
    AND (CAST(?6 AS BIGINT) IS NULL OR CAST(?6 AS BIGINT) >= ${dayCharge('?7', '?8')})
    AND (CAST(?15 AS BIGINT) IS NULL OR alike_rows < CAST(?15 AS BIGINT))
    RETURNING run_id`,
  caps: `SELECT call_cap_nano, row_cap_nano, cap_nano, day_cap_nano, start_cap_nano FROM controls WHERE run_id = ?1`,
  startZone: 'SELECT start_cap_zone FROM controls WHERE run_id = ?1 AND start_cap_nano IS NOT NULL',
  takeStartCap: `UPDATE controls SET start_cap_nano = ?2, start_cap_zone = ?3, version = version + 1 WHERE run_id = ?1
    AND (CAST(?4 AS BIGINT) = 1 OR start_cap_nano IS NULL OR start_cap_nano > CAST(?2 AS BIGINT)) RETURNING *`,
  runMoney: 'SELECT settled_nano, reserved_nano, doubtful_nano FROM run_totals WHERE run_id = ?1',
  rowMoney: `SELECT ${ROW_MONEY.replaceAll('?3', '?2')} AS kept, ${ROW_HELD.replaceAll('?3', '?2')} AS held`,
  ledgerMoney: `SELECT COALESCE(SUM(settled_nano), 0) AS settled_nano, COALESCE(SUM(reserved_nano), 0) AS reserved_nano,
    COALESCE(SUM(doubtful_nano), 0) AS doubtful_nano FROM ledger WHERE slot >= ?1 AND slot < ?2`,
  newestSlot: 'SELECT MAX(slot) AS slot FROM ledger',
  book: `INSERT INTO ledger (slot, settled_nano, reserved_nano, doubtful_nano) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (slot) DO UPDATE SET settled_nano = ledger.settled_nano + excluded.settled_nano,
    reserved_nano = ledger.reserved_nano + excluded.reserved_nano, doubtful_nano = ledger.doubtful_nano + excluded.doubtful_nano`,
  insertCall: `INSERT INTO calls (run_id, idx, turn, attempt, epoch, state, owner, is_try, reserved_nano, cost_nano, started_at,
    ledger_slot, unpriced, phase, role) VALUES (?1, ?2, ?3, ?4, ?5, 'intent', ?6, 0, ?7, 0, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT (run_id, idx, turn, attempt) DO NOTHING RETURNING attempt`,
  attemptsOfTurn: `SELECT attempt, state, owner, reserved_nano FROM calls WHERE ${TURN} ORDER BY attempt`,
  leaseOf: 'SELECT lease_until FROM owners WHERE id = ?1',
  callState: `SELECT state, is_try, code, reserved_nano, ledger_slot FROM calls WHERE ${CALL}`,
  answerFirst: `UPDATE calls SET state = 'answered', ${ANSWERED} AND state = 'intent' RETURNING reserved_nano, ledger_slot`,
  answerOpen: `UPDATE calls SET state = 'answered', ${ANSWERED} AND state = 'intent' AND ${UNANSWERED} RETURNING reserved_nano, ledger_slot`,
  answerDoubtful: `UPDATE calls SET state = 'answered', ${ANSWERED} AND state = 'doubtful' AND ${UNANSWERED} RETURNING reserved_nano, ledger_slot`,
  lateOpen: `${LATE} AND state = 'intent' RETURNING attempt`,
  lateDoubtful: `${LATE} AND state = 'doubtful' AND (code IS NULL OR code <> ?5) RETURNING attempt`,
  insertAnswer: 'INSERT INTO answers (run_id, idx, turn, attempt, answer_json) VALUES (?1, ?2, ?3, ?4, ?5)',
  endOpen: `${ENDED} AND state = 'intent' RETURNING reserved_nano, ledger_slot`,
  paidDoubtful: `${SPENT}, unpriced = 0 WHERE ${CALL} AND state = 'doubtful' RETURNING reserved_nano, ledger_slot`,
  spendOpen: `${SPENT}, is_try = ?13, unpriced = ?14 WHERE ${CALL} AND state = 'intent' RETURNING reserved_nano, ledger_slot`,
  spendDoubtful: `${SPENT}, is_try = ?13, unpriced = ?14 WHERE ${CALL} AND state = 'doubtful' RETURNING reserved_nano, ledger_slot`,
  doubtRule: `SELECT runs.task_json, run_totals.settled_nano, run_totals.calls - run_totals.unpriced AS priced FROM runs JOIN run_totals ON run_totals.run_id = runs.id
    WHERE runs.id = ?1`,
  doubtfulOf: `SELECT idx, turn, attempt, code, reserved_nano, ledger_slot FROM calls WHERE run_id = ?1 AND state = 'doubtful'`,
  chargeDoubtful: `UPDATE calls SET reserved_nano = ?5 WHERE ${CALL} AND state = 'doubtful'`,
  endDoubtful: `${ENDED} AND state = 'doubtful' RETURNING reserved_nano, ledger_slot`,

  // Outcomes.
  insertOutcome: `INSERT INTO outcomes (run_id, idx, seq, status, cause, from_turn, turns, outcome_json)
    VALUES (?1, ?2, (SELECT seq + 1 FROM run_totals WHERE run_id = ?1), ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (run_id, idx) DO NOTHING RETURNING idx`,
  countFailed: `SELECT COUNT(*) AS n FROM outcomes WHERE ${FAILED}`,
  supersedeSpent: `UPDATE calls SET state = 'superseded' WHERE run_id = ?1 AND state = 'answered'
    AND (idx IN (SELECT idx FROM outcomes WHERE ${FAILED} AND cause IN ('content_filter', 'filtered', 'truncated', 'empty', 'finish'))
      AND turn = (SELECT MAX(last.turn) FROM calls last WHERE last.run_id = ?1 AND last.idx = calls.idx AND last.state = 'answered')
      OR idx IN (SELECT idx FROM outcomes WHERE ${FAILED} AND cause = 'schema'))`,
  deleteFailed: `DELETE FROM outcomes WHERE ${FAILED}`,

  // Runs.
  insertRun: `INSERT INTO runs (id, name, state, epoch, task_json, task_fingerprint, seeds_fingerprint, total, output_dir, detached,
    limited, origin, created_at, dropped, home) VALUES (?1, ?2, 'staging', 0, ?3, ?4, '', 0, ?5, ?6, ?7, ?8, ?9, 0, ?10)
    ON CONFLICT (id) DO NOTHING RETURNING id`,
  sealRun: `UPDATE runs SET state = CASE WHEN state = 'staging' THEN 'staged' ELSE state END, seeds_fingerprint = ?2, total = ?3
    WHERE id = ?1 AND dropped = 0 RETURNING id`,
  startEpoch: `UPDATE runs SET epoch = epoch + 1, state = 'running', reason = NULL, message = NULL, workflow_id = ?2,
    execution_id = ?4, started_at = COALESCE(started_at, ?3), working_since = COALESCE(working_since, ?3), ended_at = NULL,
    published_at = NULL
    WHERE id = ?1 AND dropped = 0 AND state <> 'staging' RETURNING epoch, total`,
  pausedOf: 'SELECT paused FROM controls WHERE run_id = ?1',
  // ?2: when it began to rest, ?3: since when it is worked on again, or null.
  workedUntil: `UPDATE runs SET working_since = CAST(?3 AS BIGINT), worked_ms = worked_ms +
    CASE WHEN working_since < CAST(?2 AS BIGINT) THEN CAST(?2 AS BIGINT) - working_since ELSE 0 END WHERE id = ?1`,
  stateOf: 'SELECT state, workflow_id FROM runs WHERE id = ?1 AND dropped = 0',
  epochOf: 'SELECT epoch, total FROM runs WHERE id = ?1 AND execution_id = ?2 AND dropped = 0',
  hasOutcome: 'SELECT idx FROM outcomes WHERE run_id = ?1 AND idx = ?2',
  anyOutcome: 'SELECT idx FROM outcomes WHERE run_id = ?1 LIMIT 1',
  listMissing: `INSERT INTO items (run_id, epoch, pos, idx)
    SELECT run_id, CAST(?2 AS BIGINT), ROW_NUMBER() OVER (ORDER BY idx) - 1, idx FROM seeds
    WHERE run_id = ?1 AND idx < (SELECT total FROM runs WHERE id = ?1)
      AND NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.run_id = seeds.run_id AND outcomes.idx = seeds.idx)`,
  hasPending: 'SELECT run_id FROM run_totals WHERE run_id = ?1 AND ok + failed + filtered < total',
  countItems: 'SELECT COUNT(*) AS n FROM items WHERE run_id = ?1 AND epoch = ?2',

  // Dropping a run, a bounded number of rows a transaction.
  markDropped: 'UPDATE runs SET dropped = 1 WHERE id = ?1',
  isDropped: 'SELECT dropped FROM runs WHERE id = ?1',
  dropTotals: 'DELETE FROM run_totals WHERE run_id = ?1',
  dropControl: 'DELETE FROM controls WHERE run_id = ?1',
  dropWaits: 'DELETE FROM waits WHERE run_id = ?1',
  dropCalls: `DELETE FROM calls WHERE run_id = ?1 AND idx IN (SELECT DISTINCT idx FROM calls WHERE run_id = ?1 ORDER BY idx LIMIT 200)`,
  dropAnswers: `DELETE FROM answers WHERE run_id = ?1 AND idx IN (SELECT DISTINCT idx FROM answers WHERE run_id = ?1 ORDER BY idx LIMIT 200)`,
  dropOutcomes:
    'DELETE FROM outcomes WHERE run_id = ?1 AND idx IN (SELECT idx FROM outcomes WHERE run_id = ?1 ORDER BY idx LIMIT 1000)',
  dropItems: `DELETE FROM items WHERE run_id = ?1 AND epoch = (SELECT MIN(epoch) FROM items WHERE run_id = ?1)
    AND pos IN (SELECT pos FROM items WHERE run_id = ?1 ORDER BY epoch, pos LIMIT 1000)`,
  dropSeeds: 'DELETE FROM seeds WHERE run_id = ?1 AND idx IN (SELECT idx FROM seeds WHERE run_id = ?1 ORDER BY idx LIMIT 1000)',
  anyCall: 'SELECT idx FROM calls WHERE run_id = ?1 LIMIT 1',
  anyAnswer: 'SELECT idx FROM answers WHERE run_id = ?1 LIMIT 1',
  anyItem: 'SELECT idx FROM items WHERE run_id = ?1 LIMIT 1',
  anySeed: 'SELECT idx FROM seeds WHERE run_id = ?1 LIMIT 1',
  dropRun: 'DELETE FROM runs WHERE id = ?1',

  // Stops.
  countAlike: `UPDATE run_totals SET alike_rows = CASE WHEN alike_code = ?2 THEN alike_rows + 1 ELSE 1 END, alike_code = ?2
    WHERE run_id = ?1 RETURNING alike_rows, open_calls`,
  alikeRows: 'SELECT alike_rows, open_calls FROM run_totals WHERE run_id = ?1',
  lastAlike: `SELECT outcome_json FROM outcomes WHERE run_id = ?1 AND status = 'failed' AND (cause IS NULL OR cause <> 'capped')
    ORDER BY seq DESC LIMIT 1`,
  forgetAlike: 'UPDATE run_totals SET alike_rows = 0 WHERE run_id = ?1 AND alike_rows > 0',
  taskOf: 'SELECT task_json FROM runs WHERE id = ?1',
  stopRun: 'UPDATE controls SET stop_json = ?2, version = version + 1 WHERE run_id = ?1 AND stop_json IS NULL',
  endStop: 'UPDATE controls SET stop_json = NULL, version = version + 1 WHERE run_id = ?1 AND stop_json IS NOT NULL',
  haltOf: 'SELECT paused, cancelled, stop_json FROM controls WHERE run_id = ?1',
  runningTasks: `SELECT id, task_json FROM runs WHERE dropped = 0 AND state = 'running'
    AND home = (SELECT home FROM runs WHERE id = ?1)`,

  // Control, queues, rates, owners.
  insertControl: `INSERT INTO controls (run_id, paused, cancelled, concurrency, requests_per_minute, cap_nano, call_cap_nano,
    row_cap_nano, day_cap_nano, tokens_per_minute, auto, version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1)
    ON CONFLICT (run_id) DO UPDATE SET paused = excluded.paused, cancelled = excluded.cancelled,
    concurrency = excluded.concurrency, requests_per_minute = excluded.requests_per_minute, cap_nano = excluded.cap_nano,
    call_cap_nano = excluded.call_cap_nano, row_cap_nano = excluded.row_cap_nano, day_cap_nano = excluded.day_cap_nano,
    tokens_per_minute = excluded.tokens_per_minute, auto = excluded.auto, version = controls.version + 1`,
  upsertQueue: `INSERT INTO queues (name, provider, model, requests_per_minute, call_ms, last_used_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (name) DO UPDATE SET provider = excluded.provider, model = excluded.model,
    requests_per_minute = excluded.requests_per_minute, call_ms = COALESCE(excluded.call_ms, queues.call_ms), last_used_at =
    CASE WHEN excluded.last_used_at > queues.last_used_at THEN excluded.last_used_at ELSE queues.last_used_at END
    RETURNING name, provider, model, requests_per_minute, call_ms, last_used_at`,
  // ?2: the time that slots are taken from, ?4: how far behind the last one it may be without having been set back.
  takeSlots: `INSERT INTO rates (rate_key, next_us, from_us) VALUES (?1, CAST(?2 AS BIGINT) + CAST(?3 AS BIGINT), ?2)
    ON CONFLICT (rate_key) DO UPDATE SET next_us =
    CASE WHEN rates.from_us > CAST(?2 AS BIGINT) + CAST(?4 AS BIGINT) THEN CAST(?2 AS BIGINT) + rates.next_us - rates.from_us
    WHEN rates.next_us > CAST(?2 AS BIGINT) THEN rates.next_us ELSE CAST(?2 AS BIGINT) END + CAST(?3 AS BIGINT),
    from_us = excluded.from_us RETURNING next_us`,
  setLimits: `INSERT INTO limits (gate_key, learned_json) VALUES (?1, ?2)
    ON CONFLICT (gate_key) DO UPDATE SET learned_json = excluded.learned_json`,
  setExcess: `INSERT INTO excesses (model_key, excess_json) VALUES (?1, ?2)
    ON CONFLICT (model_key) DO UPDATE SET excess_json = excluded.excess_json`,
  excess: 'SELECT excess_json FROM excesses WHERE model_key = ?1',
  setWait: `INSERT INTO waits (run_id, owner, wait_json) VALUES (?1, ?2, ?3)
    ON CONFLICT (run_id, owner) DO UPDATE SET wait_json = excluded.wait_json`,
  endWait: 'DELETE FROM waits WHERE run_id = ?1 AND owner = ?2',
  endWaitsOf: 'DELETE FROM waits WHERE owner = ?1',
  beat: `INSERT INTO owners (id, home, pid, lease_until, temporal) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, temporal = excluded.temporal`,
  endEndedShares: `DELETE FROM shares WHERE share_key = ?1 AND owner <> ?2
    AND owner NOT IN (SELECT id FROM owners WHERE lease_until > 0)`,
  endDeadShares: `DELETE FROM shares WHERE share_key = ?1
    AND owner IN (SELECT id FROM owners WHERE id = ?2 AND lease_until = CAST(?3 AS BIGINT))`,
  sharesOf: 'SELECT owner, wanted, granted, booked FROM shares WHERE share_key = ?1',
  setShare: `INSERT INTO shares (share_key, owner, wanted, granted, booked) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (share_key, owner) DO UPDATE SET wanted = excluded.wanted, granted = excluded.granted, booked = excluded.booked`,
  endShare: 'DELETE FROM shares WHERE share_key = ?1 AND owner = ?2',
  endSharesOf: 'DELETE FROM shares WHERE owner = ?1',
  endOwner: 'DELETE FROM owners WHERE id = ?1 AND lease_until = CAST(?2 AS BIGINT) RETURNING id',
  crashCallsOf: `UPDATE calls SET state = 'doubtful', code = ?2, ended_at = ?3 WHERE state = 'intent' AND owner = ?1
    RETURNING run_id, idx, turn, attempt, reserved_nano, ledger_slot`,
  adoptActivities: 'UPDATE activities SET owner = ?2 WHERE owner = ?1 RETURNING task_token',
  crashCalls: `UPDATE calls SET state = 'doubtful', code = ?3, ended_at = ?4 WHERE state = 'intent' AND owner IN (${DEAD_OWNERS})
    RETURNING run_id, idx, turn, attempt, reserved_nano, ledger_slot`,
  endActivities: `DELETE FROM activities WHERE owner IN (${DEAD_OWNERS}) RETURNING task_token`,
  endSharesOfDead: `DELETE FROM shares WHERE owner IN (${DEAD_OWNERS})`,
  endWaitsOfDead: `DELETE FROM waits WHERE owner IN (${DEAD_OWNERS})`,
  endOwners: 'DELETE FROM owners WHERE home = ?1 AND id <> ?2',
  activityStarted: `INSERT INTO activities (task_token, owner) VALUES (?2, ?1)
    ON CONFLICT (task_token) DO UPDATE SET owner = excluded.owner`,
  activityEnded: 'DELETE FROM activities WHERE task_token = ?1',
});

const insertsBySize = new Map<number, Statement>();

/** INSERT of `rows` seeds: parameters are the run, then index, id and content of each. */
export function insertSeeds(rows: number): Statement {
  let statement = insertsBySize.get(rows);
  if (!statement) {
    const tuples = Array.from({ length: rows }, (_, row) => `(?1, ?${row * 3 + 2}, ?${row * 3 + 3}, ?${row * 3 + 4})`);
    // The newest content counts: rows beyond the total may be left from a growth that a bad row ended.
    const text = `INSERT INTO seeds (run_id, idx, id_json, content_json) VALUES ${tuples.join(', ')}
      ON CONFLICT (run_id, idx) DO UPDATE SET id_json = excluded.id_json, content_json = excluded.content_json`;
    statement = { name: `insertSeeds${rows}`, text };
    insertsBySize.set(rows, statement);
  }
  return statement;
}

const updatesByText = new Map<string, Statement>();

/** UPDATE of some columns of one row of `runs` or `controls`: parameters are the key, then the values in order. */
export function updateColumns(
  table: 'runs' | 'controls',
  columns: readonly string[],
  /** Those of the columns that take a lower value alone, whatever they hold at that moment; null counts as the highest. */
  falling: readonly string[] = [],
): Statement {
  const sets = columns.map((column, position) => {
    const value = `?${position + 2}`;
    if (!falling.includes(column)) return `${column} = ${value}`;
    return `${column} = CASE WHEN ${column} IS NULL OR ${column} > ${value} THEN ${value} ELSE ${column} END`;
  });
  const text =
    table === 'runs'
      ? `UPDATE runs SET ${sets.join(', ')} WHERE id = ?1 AND dropped = 0 RETURNING id`
      : `UPDATE controls SET ${[...sets, 'version = version + 1'].join(', ')} WHERE run_id = ?1 RETURNING *`;
  let statement = updatesByText.get(text);
  if (!statement) {
    statement = { name: `update${updatesByText.size}`, text };
    updatesByText.set(text, statement);
  }
  return statement;
}
