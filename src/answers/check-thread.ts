/** The thread of checks that may take long: a schema of the user's, with patterns and references, and answers of any kind. It may be killed. */
import { parentPort } from 'node:worker_threads';
import type { Verdict } from '../core/conversation/answer-form.js';
import { hardTexts } from './hard-texts.js';
import { readAnswer, type Validate } from './read-answer.js';
import type { ThreadAnswer, ThreadJob } from './thread-messages.js';
import { validatorOf } from './validator.js';

/** Schemas that are kept at hand. */
const KEPT = 8;

if (!parentPort) throw new Error('check-thread runs as a worker thread');
const port = parentPort;
const validators = new Map<string, Validate>();

function check(schema: string, text: string): Verdict {
  let validate = validators.get(schema);
  if (validate === undefined) {
    validate = validatorOf(JSON.parse(schema));
    if (validators.size >= KEPT) validators.clear();
    validators.set(schema, validate);
  }
  return readAnswer(text, validate);
}

function answer(job: ThreadJob): ThreadAnswer {
  if (job.kind === 'check') return { verdict: check(job.schema, job.text) };
  for (const pattern of job.patterns) for (const text of hardTexts(pattern)) new RegExp(pattern, job.flags).test(text);
  return { tried: true };
}

port.on('message', (job: ThreadJob) => port.postMessage(answer(job)));
port.postMessage('ready' satisfies ThreadAnswer);
