/** Names that cross processes: queues, workflow and activity types, ids. Pure. */

/** Queue of workflows and of activities without a rate of their own. */
export const MAIN_QUEUE = 'durable-swarm';

/** Search attribute of a run's workflow: its state. Not every cluster has it registered. */
export const STATE_ATTRIBUTE = 'SwarmState';

const SAFE = /[^A-Za-z0-9._-]+/g;

/** Text made safe for a queue name, an id or a folder: other characters become `-`. */
export function safeName(text: string): string {
  return (
    text
      .replace(SAFE, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 100) || 'x'
  );
}

/** A model as people write it: `provider/model`. */
export function modelName({ provider, model }: { provider: string; model: string }): string {
  return `${provider}/${model}`;
}

/** Activity queue of one model: `llm.<provider>.<model>`. */
export function modelQueue(provider: string, model: string): string {
  return `llm.${safeName(provider)}.${safeName(model)}`;
}

/** Queue of the host that opened a run: its files are read and written there. */
export function filesQueue(homeId: string): string {
  return `${MAIN_QUEUE}.files.${homeId}`;
}

/** Queue of one process, for slices that are meant for it: Temporal gives those of the main queue to who asked last, mostly the same one. */
export function sliceQueue(owner: string): string {
  return `${MAIN_QUEUE}.slices.${owner}`;
}

/** Names the limit of a run's calls in flight, of which each process that makes some has a share. */
export function runShare(runId: string): string {
  return `run/${runId}`;
}

/** Workflow id of one execution of a run. */
export function runWorkflowId(runId: string, epoch: number): string {
  return `${runId}/e${epoch}`;
}

/** Workflow id of a child: `<parent>/<phase>/s<index>` for a seed or slice that begins at index. */
export function itemWorkflowId(root: string, phase: string, position: number): string {
  return `${root}/${phase}/s${position}`;
}

/** Workflow id of a lane. */
export function laneWorkflowId(root: string, phase: string, lane: number): string {
  return `${root}/${phase}/l${lane}`;
}

/** Key of the gate that a call passes: one per provider, endpoint, model and key name. */
export function gateKey(model: { provider: string; model: string; apiBase: string | null; apiKeyEnv: string | null }): string {
  return [model.provider, model.apiBase ?? '', model.model, model.apiKeyEnv ?? ''].join('|');
}

/** A call within its run: `<row>/<turn>/<attempt>`. */
export function callPlace(call: { index: number; turn: number; attempt: number }): string {
  return `${call.index}/${call.turn}/${call.attempt}`;
}

/** Name of one call, sent with its request (`x-client-request-id`), so that a provider's own records can be compared with ours. */
export function callId(call: { runId: string; index: number; turn: number; attempt: number }): string {
  return `${call.runId}/${callPlace(call)}`;
}

const RUN_ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const RUN_SUFFIX = 6;

/** Signal of a slice to the workflow that started it: most of its rows are done, the others wait for retries. */
export const TAIL_SIGNAL = 'tail';

/** New run id: `<name>-<six characters>`. `random` gives 0 (inclusive) to 1 (exclusive). */
export function newRunId(name: string, random: () => number): string {
  let suffix = '';
  for (let at = 0; at < RUN_SUFFIX; at += 1) suffix += RUN_ALPHABET[Math.floor(random() * RUN_ALPHABET.length)];
  return `${safeName(name).slice(0, 60)}-${suffix}`;
}

/** Run id of an execution that plain Temporal started: its workflow id, made safe. It names a folder, so it never begins with a dot. */
export function runIdOfWorkflow(workflowId: string): string {
  return safeName(workflowId.replace(/\/e\d+$/, '').replace(/^[^A-Za-z0-9_]+/, ''));
}
