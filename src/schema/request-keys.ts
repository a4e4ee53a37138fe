/** Keys of the task file that become fields of every request; wires.ts says which field on which wire. */
import { z } from 'zod';
import { key } from './key-notes.js';
import { REASONING_EFFORTS } from './task-types.js';

const phrase = () => z.string().min(1).max(1000);

export const requestKeys = {
  temperature: key(z.number().min(0).max(2).optional(), {
    description: 'Sampling temperature. Sent only when given.',
    allowed: 'a number from 0 to 2',
    code: 'E_TASK_RANGE',
  }),
  top_p: key(z.number().min(0).max(1).optional(), {
    description: 'Nucleus sampling. Sent only when given.',
    allowed: 'a number from 0 to 1',
    code: 'E_TASK_RANGE',
  }),
  seed: key(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(), {
    description:
      'Seed of the sampling, where the API has one: the same request then gives mostly the same answer. Sent only when given.',
    allowed: 'a whole number from 0',
    code: 'E_TASK_RANGE',
  }),
  stop: key(z.union([phrase(), z.array(phrase()).min(1).max(16)]).optional(), {
    description:
      'A text, or several, at which an answer ends; the text itself is no part of it. Most APIs take at most 4. Sent only when given.',
    allowed: 'a text, or a list of 1 to 16 texts',
  }),
  reasoning_effort: key(z.enum(REASONING_EFFORTS).optional(), {
    description:
      'How long the model thinks before it answers, in the words of its provider; what a model does not take is refused by it, and the run stops after one call. Thinking is paid for as output, and is part of worker_max_tokens. Sent only when given.',
    allowed: REASONING_EFFORTS.join(', '),
  }),
  thinking_budget: key(z.number().int().min(0).max(10_000_000).optional(), {
    description:
      'Most tokens of thinking, at models that take a number (anthropic and gemini wires); part of worker_max_tokens, so it is below that. 0: none, where the model can do without. Sent only when given.',
    allowed: 'a whole number from 0, below worker_max_tokens',
    code: 'E_TASK_RANGE',
  }),
  extra_body: key(z.record(z.string(), z.json()).optional(), {
    description:
      'Fields that are merged into the body of every request, as the API names them. Fields that other keys set, or that decide what the call is or costs (messages, tools, stream, other models), are refused; a dearer tier needs a price. Such as {options: {num_ctx: 16384}}, the context window at Ollama: one for all rows, since another one loads the model anew.',
    allowed: 'a map of fields of the request',
  }),
};
