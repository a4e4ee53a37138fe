/** Ids of runs: readable, safe as a folder name and as a workflow id. */
import { safeName } from './names.js';

const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const LENGTH = 6;

/** `<name>-<six characters>`; random gives 0 (inclusive) to 1 (exclusive). */
export function newRunId(name: string, random: () => number): string {
  let suffix = '';
  for (let at = 0; at < LENGTH; at += 1) suffix += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return `${safeName(name).slice(0, 60)}-${suffix}`;
}

/** Run id of an execution that plain Temporal started: its workflow id, made safe. */
export function runIdOfWorkflow(workflowId: string): string {
  return safeName(workflowId.replace(/\/e\d+$/, ''));
}
