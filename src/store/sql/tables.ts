/**
 * The tables as Kysely sees them. Columns are text or whole numbers on both databases, so one schema serves libsql and PostgreSQL:
 * money in nano-USD, times in epoch ms, flags 0 or 1. Columns named `*_json` hold JSON text, because text from outside may contain
 * NUL or half a surrogate pair, which a text column of either database does not keep.
 */
import type { Role } from '../../core/phases.js';
import type { CallState } from '../port/store.js';

export interface RunsTable {
  id: string;
  name: string;
  state: string;
  reason: string | null;
  message: string | null;
  epoch: number;
  task_json: string;
  task_fingerprint: string;
  seeds_fingerprint: string;
  total: number;
  output_dir: string;
  detached: number;
  limited: number;
  origin: string;
  workflow_id: string | null;
  /** Temporal's run id of the execution that opened the epoch. */
  execution_id: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  published_at: number | null;
  /** 1 while dropRun removes the rows: the run is unknown to readers. */
  dropped: number;
  /** Home whose process reads and writes the run's files; empty for runs of before homes were kept. */
  home: string;
  /** Time worked until `working_since`, or until it rested last. */
  worked_ms: number;
  /** Since when it is worked on; null while it rests. */
  working_since: number | null;
  /** Name of the phase that it is in, or was in last; null before the first. */
  phase: string | null;
}

export interface RunTotalsTable {
  run_id: string;
  total: number;
  ok: number;
  failed: number;
  filtered: number;
  seq: number;
  calls: number;
  tries: number;
  limited: number;
  doubtful: number;
  open_calls: number;
  settled_nano: number;
  reserved_nano: number;
  doubtful_nano: number;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  /** Answered calls whose cost nobody knows: `settled_nano` is without them. */
  unpriced: number;
  /** Rows that failed one after the other with this code; an ok row in between sets the number to 0. */
  alike_code: string | null;
  alike_rows: number;
}

export interface SeedsTable {
  run_id: string;
  idx: number;
  id_json: string;
  content_json: string;
}

/** Which index stands at which position of an epoch that lists its rows. */
export interface ItemsTable {
  run_id: string;
  epoch: number;
  pos: number;
  idx: number;
}

export interface CallsTable {
  run_id: string;
  idx: number;
  turn: number;
  attempt: number;
  epoch: number;
  /** Name of the phase, and what its model did there. */
  phase: string;
  role: Role;
  state: CallState;
  owner: string;
  is_try: number;
  code: string | null;
  finish: string | null;
  served_model: string | null;
  /** The four token columns are null together: no usage was reported. */
  input_tokens: number | null;
  cached_tokens: number | null;
  output_tokens: number | null;
  reasoning_tokens: number | null;
  reserved_nano: number;
  cost_nano: number;
  /** 1: nobody knows what it costs; both amounts are 0 then. */
  unpriced: number;
  /** Where it is booked in the ledger; null for calls of before the ledger. */
  ledger_slot: number | null;
  started_at: number;
  ended_at: number | null;
}

/** Apart from `calls`: a row that grew tenfold when its answer came would split its page, which made a settlement four times dearer. */
export interface AnswersTable {
  run_id: string;
  idx: number;
  turn: number;
  attempt: number;
  answer_json: string;
}

export interface OutcomesTable {
  run_id: string;
  idx: number;
  seq: number;
  status: string;
  cause: string | null;
  from_turn: number;
  turns: number;
  /** The whole Outcome. */
  outcome_json: string;
}

export interface ControlsTable {
  run_id: string;
  paused: number;
  cancelled: number;
  concurrency: number;
  requests_per_minute: number | null;
  cap_nano: number | null;
  call_cap_nano: number | null;
  row_cap_nano: number | null;
  day_cap_nano: number | null;
  /** Cap for all runs of a day that the starting command brought, and the zone of its days; null together. */
  start_cap_nano: number | null;
  start_cap_zone: string | null;
  tokens_per_minute: number | null;
  auto: number;
  /** RunStop; null while calls may go. */
  stop_json: string | null;
  version: number;
}

export interface QueuesTable {
  name: string;
  provider: string;
  model: string;
  requests_per_minute: number | null;
  call_ms: number | null;
  last_used_at: number;
}

export interface RatesTable {
  rate_key: string;
  /** Time of the next free send slot, in microseconds since the epoch: slots may be a fraction of a millisecond apart. */
  next_us: number;
  /** Time that the last slots were taken from. */
  from_us: number;
}

/** Money of all runs by the quarter of an hour in which calls were admitted: the days of every time zone are sums of these. */
export interface LedgerTable {
  /** Quarters since the epoch. */
  slot: number;
  settled_nano: number;
  reserved_nano: number;
  doubtful_nano: number;
}

/** What a gate has learned of its provider's limits. */
export interface LimitsTable {
  gate_key: string;
  learned_json: string;
}

/** By how much answers of a model have cost more than they may. */
export interface ExcessesTable {
  model_key: string;
  excess_json: string;
}

/** What a run waits for in one process. */
export interface WaitsTable {
  run_id: string;
  owner: string;
  wait_json: string;
}

export interface OwnersTable {
  id: string;
  home: string;
  pid: number;
  lease_until: number;
  /** Id of the Temporal namespace that its activities belong to; empty until it is known. */
  temporal: string;
}

/** What a process has of a limit that all processes share. */
export interface SharesTable {
  share_key: string;
  owner: string;
  wanted: number;
  granted: number;
  booked: number;
}

export interface ActivitiesTable {
  task_token: string;
  owner: string;
}

export interface Tables {
  runs: RunsTable;
  run_totals: RunTotalsTable;
  seeds: SeedsTable;
  items: ItemsTable;
  calls: CallsTable;
  answers: AnswersTable;
  outcomes: OutcomesTable;
  controls: ControlsTable;
  queues: QueuesTable;
  rates: RatesTable;
  ledger: LedgerTable;
  limits: LimitsTable;
  excesses: ExcessesTable;
  waits: WaitsTable;
  owners: OwnersTable;
  shares: SharesTable;
  activities: ActivitiesTable;
}
