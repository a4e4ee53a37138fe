/** `swarm check`: reads task, rows and folder, and says what a run would do and cost at most. Starts nothing, calls no model. */

import { countedAtMost, countedWith, hasForm, MOST_PROBLEM, ownSchema, repairPrompt } from '../core/conversation/answer-form.js';
import { userMessage } from '../core/conversation/message.js';
import { CONTINUE_PROMPT, MAX_PIECES, transcript } from '../core/conversation/next-step.js';
import { type Problem, SwarmError } from '../core/errors.js';
import { type Estimate, estimateRest, speedOf } from '../core/estimate.js';
import type { NanoUsd } from '../core/model.js';
import type { ModelList } from '../core/model-list.js';
import { nanoToUsd } from '../core/money/price.js';
import type { Prices } from '../core/money/price-book.js';
import { modelName } from '../core/names.js';
import { rowTexts } from '../core/row-texts.js';
import { ASSUMED_CONCURRENCY, MOST_AUTO_CONCURRENCY, ROW_GRAIN, sliceSize } from '../core/slice-size.js';
import type { CheckedStart } from '../intake/redo-changed.js';
import { fileVersion, type SeenRows, seenRows } from '../intake/seen-rows.js';
import { estimateTokens, maxInputTokens, PromptTokens } from '../pricing/estimate.js';
import { createPrices } from '../pricing/prices.js';
import { atTodaysPrice } from '../pricing/repriced.js';
import type { Task } from '../schema/task-types.js';
import { type EarlierRows, NO_EARLIER_ROWS } from './earlier-rows.js';
import { firstGuess, type KnownRows, partOf } from './first-guess.js';
import { checkModel, type ModelCheck, modelNote, unlistedProblem } from './model-check.js';
import { type PreparedTask, type PrepareFacts, prepareTask } from './prepare.js';
import type { StartOptions } from './start-options.js';

/** What is known beside the task. */
export interface CheckFacts extends PrepareFacts {
  /** @default nothing is known of earlier runs of the task */
  earlier?(start: CheckedStart): Promise<EarlierRows>;
  /** Asks the endpoint for its list of models, of a task that is good otherwise. Never throws. @default nothing is asked */
  models?(task: Task, key: string | null): Promise<ModelList>;
}

/** What a run of a task would do, and cost at most. */
export interface CheckReport {
  /** All that is wrong; empty: the run could start. */
  problems: Problem[];
  /** What a starter should be told, a sentence each. */
  notes: string[];
  /** Rows of the seeds. */
  rows: number;
  /** What a start is spared by `checked`; null for rows from code, or when they were not read to their end. */
  seen: SeenRows | null;
  /** Most calls of one pass without retries. */
  calls: number;
  /** Most tokens of their prompts. */
  inputTokens: number;
  /** Most tokens of their answers. */
  outputTokens: number;
  /** USD that they may cost at most. Null when the price is unknown. */
  worstCostUsd: number | null;
  /** Rows that are done already: the run goes on with the others. */
  doneRows: number;
  /** Rows that are done and would be done anew, and paid again (`ifChanged: 'redo'`). They are not among those that are done. */
  anewRows: number;
  /** Run of the same task whose first rows the estimate rests on; null = it is a guess. */
  sampleRun: string | null;
  /** What the rows that are not done will take, with intervals; null when the rows could not be read. */
  estimate: Estimate | null;
  /** Cap of the run in USD (the task's or the starter's); null = none. */
  maxCostUsd: number | null;
  /** Whether the endpoint serves the model; null when it was not asked. */
  modelCheck: ModelCheck | null;
}

/** All problems in one pass; a task that cannot be read hides what is wrong with its rows, and those what is wrong with its caps. */
export async function checkTask(source: string | object, options: StartOptions, facts: CheckFacts): Promise<CheckReport> {
  const report: CheckReport = {
    problems: [],
    notes: [],
    rows: 0,
    seen: null,
    calls: 0,
    inputTokens: 0,
    outputTokens: 0,
    worstCostUsd: null,
    maxCostUsd: null,
    doneRows: 0,
    anewRows: 0,
    sampleRun: null,
    estimate: null,
    modelCheck: null,
  };
  try {
    const prepared = await prepareTask(source, options, facts);
    report.problems.push(...prepared.problems);
    report.notes.push(...prepared.notes);
    report.maxCostUsd = prepared.task.maxCost;
    await checkRows(prepared, report, options, facts);
    if (report.problems.length === 0) await askForModel(prepared, report, facts);
  } catch (error) {
    if (!SwarmError.is(error)) throw error;
    report.problems.push(...error.problems);
  }
  return report;
}

/** Fills in what the endpoint says of the model. The simulated provider takes any name. */
async function askForModel({ task, key, placeOf }: PreparedTask, report: CheckReport, { models }: CheckFacts): Promise<void> {
  if (models === undefined || task.model.provider === 'sim') return;
  const found = checkModel(task.model, await models(task, key));
  report.modelCheck = found;
  const problem = unlistedProblem(task.model, found, placeOf('worker_model'));
  if (problem !== null) report.problems.push(problem);
  const note = modelNote(task.model, found);
  if (note !== null) report.notes.push(note);
}

/** Fills in what the rows tell. Throws the SwarmError of bad rows. */
async function checkRows(prepared: PreparedTask, report: CheckReport, options: StartOptions, facts: CheckFacts): Promise<void> {
  const { task } = prepared;
  const { earlier = async () => NO_EARLIER_ROWS } = facts;
  const prices = createPrices();
  const fill = rowTexts(task);
  const costs = new WorstCase(task, prices);
  const followUps = new FollowUps(task);
  const version = prepared.rowsOf && (await fileVersion(prepared.rowsOf.file));
  const rows = prepared.rows();
  const prompts = new PromptTokens();
  let promptTokens = 0;
  for await (const seed of rows) {
    report.rows += 1;
    const { rules, prompt } = fill(seed.content);
    const messages = transcript(rules, { prompt }, []);
    const followUp = followUps.of(rules.followUp);
    const atMost = maxInputTokens(countedAtMost(ownSchema(task), task, messages));
    const about = prompts.next(countedWith(ownSchema(task), messages), atMost);
    promptTokens += about;
    report.inputTokens += inputOfTurns(task, about, followUp.about);
    costs.add(atMost, followUp.atMost);
  }
  report.seen = prepared.rowsOf && seenRows(prepared.rowsOf, version, rows);
  report.notes.push(...rows.notes(), ...paceNotes(task, report.rows));
  report.calls = report.rows * mostCalls(task);
  report.outputTokens = report.calls * task.maxTokens;
  report.worstCostUsd = costs.nano === null ? null : nanoToUsd(costs.nano);
  const known = { rows: report.rows, promptTokens, followUpTokens: followUps.mean(report.rows), mostCalls: mostCalls(task) };
  const begins = options.ifChanged === 'fresh' || options.ifChanged === 'fork';
  const rowsAgain = prepared.again ? () => prepared.rows() : undefined;
  const found = await earlier({ task, seen: report.seen, rowsAgain, limited: options.limit !== undefined });
  const done = begins ? 0 : Math.min(found.done, report.rows);
  report.doneRows = done;
  report.anewRows = begins ? 0 : found.anew;
  report.sampleRun = found.sample?.run ?? null;
  report.estimate = estimateOf(task, { ...known, worstCostUsd: report.worstCostUsd }, { ...found, done }, prices);
  const cap = prepared.capProblem(costs.shortest);
  if (cap) report.problems.push(cap);
  // With a cap the missing price is a problem, and told as one.
  if (report.worstCostUsd === null && cap?.code !== 'E_PRICE_UNKNOWN') report.notes.push(unknownPrice(task));
}

/** Calls of one row at most: every answer of every turn may come in pieces, and the last one may have to be repaired. */
function mostCalls(task: Task): number {
  const repairs = hasForm(task) ? (task.maxRepairs ?? 0) : 0;
  return (task.maxTurns + repairs) * (task.onTruncate === 'continue' ? MAX_PIECES : 1);
}

/** Input of all calls of one row, when each sends all that was said before. */
function inputOfTurns(task: Task, prompt: number, followUp: number): number {
  const calls = mostCalls(task);
  return calls * prompt + ((calls * (calls - 1)) / 2) * (task.maxTokens + followUp);
}

/** Of the rows that are left: by rows that were done, else a guess. */
function estimateOf(task: Task, known: KnownRows, { done, sample, learned }: EarlierRows, prices: Prices): Estimate {
  const { requestsPerMinute, tokensPerMinute } = task;
  const auto = task.concurrency === 'auto';
  const concurrency = auto ? MOST_AUTO_CONCURRENCY : (task.concurrency as number);
  const speed = speedOf({ concurrency, auto, requestsPerMinute, tokensPerMinute }, learned);
  const left = known.rows - done;
  if (sample === null) return partOf(firstGuess(task, known, prices, speed), left);
  const rows = atTodaysPrice(sample.rows, task, prices, { priceThen: sample.price, at: Date.now() });
  return estimateRest(rows, left, speed);
}

/** Tokens of what is asked after an answer: mostly the same for all rows. */
class FollowUps {
  #text: string | null = null;
  #tokens = { about: 0, atMost: 0 };
  #sum = 0;

  constructor(readonly task: Task) {}

  of(followUp: string): { about: number; atMost: number } {
    if (followUp !== this.#text) {
      this.#text = followUp;
      const { onTruncate } = this.task;
      const others = [
        onTruncate === 'continue' ? CONTINUE_PROMPT : '',
        hasForm(this.task) ? repairPrompt(this.task, 'x'.repeat(MOST_PROBLEM)) : '',
      ];
      const text = others.reduce((longest, other) => (other.length > longest.length ? other : longest), followUp);
      const asked = [userMessage(text)];
      this.#tokens = { about: estimateTokens(asked), atMost: maxInputTokens(asked) };
    }
    this.#sum += this.#tokens.about;
    return this.#tokens;
  }

  mean(rows: number): number {
    return rows === 0 ? 0 : this.#sum / rows;
  }
}

/** Upper bound of a run: every row takes all turns, every answer is as long as it may be. */
class WorstCase {
  nano: NanoUsd | null = 0;
  /** Tokens of the shortest prompt. */
  shortest = Number.POSITIVE_INFINITY;
  readonly #task: Task;
  readonly #prices: Prices;

  constructor(task: Task, prices: Prices) {
    this.#task = task;
    this.#prices = prices;
  }

  add(promptTokens: number, followUpTokens: number): void {
    const { model, price, maxTokens, timeoutMs } = this.#task;
    this.shortest = Math.min(this.shortest, promptTokens);
    for (let turn = 0; turn < mostCalls(this.#task) && this.nano !== null; turn += 1) {
      // A later turn sends all earlier answers and questions again.
      const tokens = { input: promptTokens + turn * (maxTokens + followUpTokens), maxOutput: maxTokens };
      const worst = this.#prices.worstCase({ model, override: price, at: Date.now(), timeoutMs }, tokens);
      this.nano = worst === null ? null : this.nano + worst;
    }
  }
}

function unknownPrice(task: Task): string {
  return `the price of ${modelName(task.model)} is not known: what the run costs cannot be counted. Give it with price: {input: ..., output: ...} in USD per 1M tokens.`;
}

/** What `auto` begins with, where another value could come of it: few rows are all in flight, and have a child each, at any pace. */
function paceNotes(task: Task, rows: number): string[] {
  const notes: string[] = [];
  const concurrency = task.concurrency === 'auto' ? ASSUMED_CONCURRENCY : task.concurrency;
  if (task.concurrency === 'auto' && rows > ASSUMED_CONCURRENCY)
    notes.push(`workers: auto starts with ${ASSUMED_CONCURRENCY} calls in flight`);
  const pace = { total: rows, concurrency, turns: task.maxTurns };
  if (task.sliceSize === 'auto' && sliceSize('auto', { ...pace, callMs: 1 }) > 1) {
    const { turnsPerSecond } = ROW_GRAIN;
    notes.push(
      `batch_size: auto goes by the time of the first calls: a child workflow per row at up to ${turnsPerSecond} calls a second, several rows per child above that`,
    );
  }
  return notes;
}
