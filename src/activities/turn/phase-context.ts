/** A phase of a run as the activities of this process know it: its model as its role uses it, and how its calls fare. */
import { type AnswerForm, hasForm } from '../../core/conversation/answer-form.js';
import type { GatePort } from '../../core/gate/port.js';
import type { EpochMs } from '../../core/model.js';
import { endsWithRows, type ModelUse, type Phase, type PhaseRules, phaseNamed, TASK_PHASES } from '../../core/phases.js';
import { type RowTexts, rowTexts } from '../../core/row-texts.js';
import type { Task } from '../../schema/task-types.js';
import type { RunRow } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import type { RunContext } from './run-context.js';
import { Suspicion } from './suspicion.js';
import type { TurnEnd } from './turn-end.js';

/** What is found out once. */
interface PhaseParts {
  phase: Phase;
  gate: GatePort;
  apiBase: string;
  contextWindow: number | null;
  suspicion: Suspicion;
  form: AnswerForm | null;
}

export class PhaseContext {
  /** The run that it is a phase of. */
  readonly of: RunContext;
  readonly phase: Phase;
  readonly gate: GatePort;
  /** Base URL to send to. */
  readonly apiBase: string;
  readonly contextWindow: number | null;
  /** Whether what its conversations meet is their own, or wrong for all. */
  readonly suspicion: Suspicion;
  /** Checks what comes of rows; null: any text is an answer. */
  readonly form: AnswerForm | null;
  /** The run is over as soon as the last row is done. */
  readonly endsWithRows: boolean;
  /** Prompt of a row, and what else the task says of it. */
  readonly fill: (content: unknown) => RowTexts;
  /** The activity of a child is or was in this process: no turn begins ahead of the children any more. */
  childHere = false;
  /** Calls answered here, and their time, for the size of later runs' slices. */
  readonly measured = { calls: 0, ms: 0 };
  /** Calls that ended here, answered or not, and their time: how quick rows go, for the size of this phase's slices. */
  readonly ended = { calls: 0, ms: 0 };
  /** A quota that is used up until a named time: no turn sends before it. */
  quota: (TurnEnd & { kind: 'wait' }) | null = null;
  /** Since when its calls get no answer of any kind; null while there are answers. */
  silentSince: EpochMs | null = null;
  readonly #rules: PhaseRules;
  #used: { task: Task; use: ModelUse } | null = null;

  private constructor(of: RunContext, rules: PhaseRules, parts: PhaseParts) {
    const { phase, gate, apiBase, contextWindow, suspicion, form } = parts;
    const { task } = of.run;
    this.of = of;
    this.phase = phase;
    this.gate = gate;
    this.apiBase = apiBase;
    this.contextWindow = contextWindow;
    this.suspicion = suspicion;
    this.form = form;
    this.endsWithRows = endsWithRows(rules.phasesOf(task), phase);
    this.fill = rowTexts(task);
    this.#rules = rules;
  }

  /** Throws when the task has no phase of that name. */
  static async load(deps: ActivityDeps, of: RunContext, name: string): Promise<PhaseContext> {
    const { store, gates, prices, endpoint, answerForm, phases: rules = TASK_PHASES } = deps;
    const { run } = of;
    const phase = phaseNamed(rules.phasesOf(run.task), name);
    const { model, role } = rules.useOf(run.task, phase.role);
    const suspicion = new Suspicion(await store.hasAnswer(run.id, role));
    const [gate, apiBase] = [await gates.of(run, model), await endpoint(model)];
    const form = phase.kind === 'map' && hasForm(run.task) ? await answerForm(run.task) : null;
    return new PhaseContext(of, rules, { phase, gate, apiBase, contextWindow: prices.contextWindow(model), suspicion, form });
  }

  get run(): RunRow {
    return this.of.run;
  }

  /** As the task has it now: some of its keys may change while the run goes on. */
  get use(): ModelUse {
    const { task } = this.run;
    if (this.#used?.task !== task) this.#used = { task, use: this.#rules.useOf(task, this.phase.role) };
    return this.#used.use;
  }
}
