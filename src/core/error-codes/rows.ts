import type { CodeGroup } from './group.js';

export const ROWS: CodeGroup = {
  title: 'Rows',
  about: 'Said of the seeds file, or of rows from code, with the line (from code: the position) before the first call.',
  exits: ['badInput'],
  codes: {
    E_SEEDS_NOT_FOUND: {
      means: 'The seeds file is not there, is a folder, or cannot be read.',
      fix: 'Correct the path; files with names near to it are listed.',
    },
    E_SEEDS_NOT_REGULAR: {
      means: 'The seeds file is a pipe or a device, which cannot be read again.',
      fix: 'Write the rows to a file first.',
    },
    E_SEEDS_EMPTY: { means: 'There are no rows.', fix: 'Check the path and the file; blank lines are no rows.' },
    E_SEEDS_CHANGED: {
      means: 'The rows are not those of the run in this folder.',
      fix: 'As the message offers: `--changed redo`, `--fork` for a new folder, `--fresh` to start over, or the rows of before.',
    },
    E_SEED_FORMAT: {
      means: 'The file is not what its ending says, or kinds of rows are mixed.',
      fix: 'Convert it as the message shows.',
    },
    E_SEED_JSON: { means: 'A line is no JSON, or JSON that would be changed by reading it.', fix: 'Correct the line.' },
    E_SEED_TYPE: { means: 'A row is neither a text nor an object with fields, or is nested too deep.', fix: 'Convert it.' },
    E_SEED_TOO_LONG: { means: 'A row is larger than 16 MiB.', fix: 'Split it.' },
    E_SEED_ID: {
      means: 'The id of a row is no text of 1 to 200 bytes and no whole number.',
      fix: 'Give it such an id, or none.',
    },
    E_SEED_DUP_ID: { means: 'Two rows have the same id.', fix: 'Give each row its own.' },
    E_SEED_FIELD: { means: 'A row lacks a field that the task uses.', fix: 'Give it the field, or take the placeholder out.' },
    E_SEED_FIELD_TYPE: {
      means: 'A field that the task uses is null, a list or an object.',
      fix: 'Write it as text, or name a field inside it.',
    },
    E_SEED_MORE: { means: 'There are more problems than are listed.', fix: 'Fix the first ones and look again.' },
  },
};
