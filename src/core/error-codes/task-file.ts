import type { CodeGroup } from './group.js';

export const TASK_FILE: CodeGroup = {
  title: 'Task file',
  about: 'Said with file, line and column by `swarm check` and `swarm run`, all in one pass, before the first call.',
  exits: ['badInput'],
  codes: {
    E_TASK_NOT_FOUND: {
      means: 'There is no file at this path.',
      fix: 'Correct the path; files with names near to it are listed.',
    },
    E_TASK_UNREADABLE: { means: 'The task file is there and cannot be read.', fix: 'Check what it is and its permissions.' },
    E_TASK_TOO_BIG: {
      means: 'The task file is larger than 256 KiB.',
      fix: 'Put the rows into a file of their own and name it in `seeds_file`.',
    },
    E_TASK_OWNER: {
      means: 'A task that plain Temporal names may have been written by another user.',
      fix: 'Make file and folders your own, and nobody else may write them (`chmod go-w`).',
    },
    E_PATH_ESCAPE: {
      means: 'A path of a task that plain Temporal names lies outside the allowed folders.',
      fix: 'Move it there, or add its folder to `SWARM_TASK_ROOTS` where the host or worker starts.',
    },
    E_TASK_EMPTY: { means: 'The task file holds no keys.', fix: 'Begin with `prompt_template` and `worker_model`.' },
    E_TASK_SHAPE: {
      means: 'The task is a list, a single value, or has a key that is no text.',
      fix: 'Write `key: value` lines.',
    },
    E_YAML_SYNTAX: {
      means: 'The file is no YAML from the named place on.',
      fix: 'Check quotes, colons and indentation of this line and the one before it.',
    },
    E_YAML_MULTI: { means: 'The file holds more than one YAML document.', fix: 'Remove the line `---`, or make two files.' },
    E_YAML_DEPTH: { means: 'Values are nested too deep for any task.', fix: 'Take levels out; a task needs three.' },
    E_YAML_DUP_KEY: { means: 'A key is given twice.', fix: 'Remove one of the two lines.' },
    E_YAML_TAG: { means: 'A value has a YAML tag.', fix: 'Remove the tag.' },
    E_YAML_ALIAS: { means: 'A value is a YAML alias (`*name`).', fix: 'Write the value again.' },
    E_YAML_MERGE: { means: '`<<` merges another map.', fix: 'Copy the keys.' },
    E_ENCODING: { means: 'A task or seeds file is not UTF-8.', fix: 'Save it again as UTF-8.' },
    E_HALF_PAIR: {
      means: 'A text holds half of a surrogate pair, which is no character and which providers refuse.',
      fix: 'Write the whole character, or take the half out.',
    },
    E_TASK_CONTROL_CHAR: { means: 'The file or a value holds a control character.', fix: 'Take it out.' },
    E_TASK_PRECISION: {
      means: 'A whole number is over 2^53 and would lose its last digits.',
      fix: 'Write a smaller one, or text in quotes.',
    },
    E_TASK_UNKNOWN_KEY: { means: 'A key is not one of a task.', fix: 'Take the nearest one that is named, or remove it.' },
    E_TASK_FORBIDDEN_KEY: {
      means: 'A name that JavaScript gives a meaning to (`__proto__`) stands as a key.',
      fix: 'Remove it.',
    },
    E_TASK_UNSUPPORTED: {
      means: 'A key or value is known and does nothing yet in this version.',
      fix: 'Remove it; see [keys of later versions](task-reference.md#keys-of-later-versions).',
    },
    E_TASK_MISSING: { means: 'A required key, or a part of its value, is missing.', fix: 'Add the line that is shown.' },
    E_TASK_TYPE: {
      means: 'A value is of the wrong kind: text for a number, a pattern that is none or whose time has no bound.',
      fix: 'Write what is named as allowed.',
    },
    E_TASK_ENUM: { means: 'A value is none of the words that are allowed.', fix: 'Take the nearest one that is named.' },
    E_TASK_RANGE: {
      means: 'A number is outside of its range, or an output limit over the window of its model.',
      fix: 'Write one in the range.',
    },
    E_TASK_CONFLICT: { means: 'Two keys contradict each other.', fix: 'Remove one.' },
    E_TASK_LABELS: { means: 'Two labels could not be told apart, or one has several lines.', fix: 'Change one of the two.' },
    E_TASK_SCHEMA: {
      means: '`output_schema` is no JSON Schema of draft 2020-12 that can be checked, or its file cannot be read.',
      fix: 'Correct what is named; see [answers](answers.md#schemas).',
    },
    E_TASK_HEADER: {
      means: 'A header is no HTTP header, is set by the program itself, or holds a key.',
      fix: 'Change or remove it; a key comes from `worker_api_key_env`.',
    },
    E_TASK_TZ: {
      means: '`timezone` or `SWARM_TIMEZONE` is none that this system knows.',
      fix: 'Write a name such as `Europe/Berlin`, or leave it out for UTC.',
    },
    E_TASK_MORE: { means: 'There are more problems than are listed.', fix: 'Fix the first ones and look again.' },
    E_SECRET_IN_FILE: {
      means: 'The file holds an API key in clear.',
      fix: 'Take it out, rotate it, and export the new one; the task names at most its variable (`worker_api_key_env`).',
    },
    E_API_BASE: {
      means: '`worker_api_base` is no http or https address of an API, or holds more than that.',
      fix: 'Write it as the provider gives it, without key and query.',
    },
    E_API_BASE_PLAINTEXT: {
      means: 'A key would go over plain http to another machine.',
      fix: 'Use https, or leave the key out.',
    },
    E_MODEL_RETIRED: { means: 'The provider does not serve the model any more.', fix: 'Take its successor, which is named.' },
    E_TEMPLATE_EMPTY: { means: '`prompt_template` is blank.', fix: 'Write the prompt, with `{{seed}}` where the row goes.' },
    E_TEMPLATE_SYNTAX: {
      means: 'A placeholder has no end or no name.',
      fix: 'Close it with `}}`; for braces that are text write `{{{{`.',
    },
    E_TEMPLATE_EXPRESSION: {
      means: 'A placeholder holds more than the name of a field.',
      fix: 'Put the wanted text into a field of the rows.',
    },
    E_TEMPLATE_UNQUOTED: { means: 'A value begins with `{{` without quotes, so YAML reads a map.', fix: 'Put it in quotes.' },
    E_TEMPLATE_VAR: {
      means: 'No row has the field that the template names.',
      fix: 'Take the nearest one that is named, or add the field to the rows.',
    },
    E_TEMPLATE_CONSTANT: {
      means: 'Without a placeholder every row would get the same prompt.',
      fix: 'Add `{{seed}}`, or pass `--allow-constant-prompt`.',
    },
    E_CAP: { means: 'A cap, here or in the environment, is no amount above 0.', fix: 'Write USD, such as `5.00`.' },
    E_CAP_TOO_SMALL: {
      means: 'A cap is lower than what one call may cost.',
      fix: 'Raise it to what is named, or lower `worker_max_tokens`.',
    },
    E_PRICE_UNKNOWN: {
      means: 'A cap is set and nobody knows the price of the model.',
      fix: 'Give `price` in the task.',
      exits: ['badInput', 'capped'],
    },
    E_KEY_MISSING: {
      means: 'The variable of the API key is not set where it is needed.',
      fix: 'Export it in the shell that starts the run; for `swarm worker` and plain Temporal, where those start.',
      exits: ['refused'],
    },
    E_KEY_FORMAT: {
      means: 'The key holds blanks, quotes or other characters that no key has.',
      fix: 'Copy it again.',
      exits: ['refused'],
    },
  },
};
