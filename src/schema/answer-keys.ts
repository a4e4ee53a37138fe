/** Keys of a task file that say what answers are to be. */
import { z } from 'zod';
import { key } from './key-notes.js';

const whole = (low: number, high: number) => z.number().int().min(low).max(high);
/** Without the blanks around it. */
const text = (most: number) => z.string().trim().min(1).max(most);

export const answerKeys = {
  labels: key(z.array(text(200)).min(1).max(1000).optional(), {
    description:
      'Classes of a classification: every answer must be one of them, and is written as it stands in this list. Case, quotes around it and a full stop behind it do not matter ("Positive." is positive). A row whose answer is none of them, after max_repairs, fails with cause schema.',
    allowed:
      'a list of 1 to 1000 texts of at most 200 characters, such as [positive, negative]; names and values of your own are tags',
  }),
  multi_label: key(z.boolean().default(false), {
    description:
      'With labels: an answer is a list of those that fit, and output is an array of them, in the order of the answer and each once. An empty list is an answer, too.',
    allowed: 'true or false',
  }),
  target_language: key(text(60).optional(), {
    description: 'Language that a translation is to be in.',
    allowed: 'a name or BCP 47 tag of a language, such as German or de-AT',
  }),
  source_language: key(text(60).optional(), {
    description: 'Language that the text to be translated is in. Default: the model finds out.',
    allowed: 'a name or BCP 47 tag of a language, such as English or en',
  }),
  max_words: key(whole(1, 100_000).optional(), {
    description: 'Most words of a summary. The model is asked for it; longer ones are kept.',
    allowed: 'a whole number from 1 to 100000',
  }),
  output_schema: key(z.union([text(4096), z.record(z.string(), z.unknown())]).optional(), {
    description:
      'JSON Schema (draft 2020-12) that every answer must meet, here or in a file of its own, relative to the task file. output is then the parsed value. The model is told of it, providers that can are made to keep to it, and each answer is checked. JSON in prose or a code fence, or with small faults, is taken without another call; else the model is shown the errors (max_repairs). A row that never meets it fails with cause schema.',
    allowed: 'a JSON Schema of at most 64 kB as a map, or the path of a .json or .yaml file that holds one',
    code: 'E_TASK_SCHEMA',
  }),
  max_repairs: key(whole(0, 5).default(1), {
    description:
      'Further turns of a row, paid like others, in which the model is shown what is wrong with an answer that does not meet output_schema or labels. They do not count to max_turns.',
    allowed: 'a whole number from 0 to 5',
  }),
};
