// Writes task.schema.json and the reference pages of docs/ from what is in dist/, those of fields and of the library from the types in src/.
// With --check: writes nothing, exits 1 when they are stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationReference } from './configuration-docs.mjs';
import { DeclaredTypes } from './docs/declared-types.mjs';
import { errorsPage } from './docs/errors-page.mjs';
import { filesPage } from './docs/files-page.mjs';
import { jsonPage } from './docs/json-page.mjs';
import { libraryPage } from './docs/library-page.mjs';
import { providersPage } from './docs/providers-page.mjs';

const root = new URL('../', import.meta.url);
const { z } = await import('zod');
const { taskFileSchema, TASK_KEYS, REQUIRED_KEYS, UNSUPPORTED_KEYS, keyNotes } = await import(
  new URL('dist/schema/task.js', root).href
);
const { SYSTEM_PROMPTS } = await import(new URL('dist/schema/system-prompts.js', root).href);
const { PROVIDERS, wiresOf } = await import(new URL('dist/schema/providers.js', root).href);
const { WIRES } = await import(new URL('dist/schema/wires.js', root).href);
const { PROVIDER_NOTES } = await import(new URL('dist/schema/provider-notes.js', root).href);
const { EXIT } = await import(new URL('dist/core/errors.js', root).href);
const { ERROR_GROUPS } = await import(new URL('dist/core/error-codes/table.js', root).href);
const { ALL_WIRES } = await import(new URL('dist/llm/wires/all-wires.js', root).href);
const { MARKER_FILE, RESULT_FILES } = await import(new URL('dist/outputs/folder.js', root).href);
const { EXPORT_FIELDS } = await import(new URL('dist/intake/usage-export.js', root).href);
const { cliReference, jsonCommands } = await import(new URL('dist/cli/reference.js', root).href);
const { loadConfig } = await import(new URL('dist/config.js', root).href);

function jsonSchema() {
  const schema = z.toJSONSchema(taskFileSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema: part }) => {
      delete part.allowed;
      delete part.code;
    },
  });
  return `${JSON.stringify({ ...schema, title: 'durable-swarm task file' }, null, 2)}\n`;
}

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

function defaultOf(key, schema) {
  if (REQUIRED_KEYS.includes(key)) return '(required)';
  const value = schema.properties[key].default;
  return value === undefined ? '-' : `\`${JSON.stringify(value)}\``;
}

function reference(schema) {
  const rows = TASK_KEYS.map((key) => {
    const { description, allowed } = keyNotes(key);
    return `| \`${key}\` | ${cell(description)} | ${cell(allowed)} | ${cell(defaultOf(key, schema))} |`;
  });
  const prompts = Object.entries(SYSTEM_PROMPTS).map(([type, prompt]) => `| \`${type}\` | ${prompt ?? 'none'} |`);
  const later = Object.entries(UNSUPPORTED_KEYS).map(([key, what]) => `| \`${key}\` | ${cell(what)} |`);
  return `# The task file

<!-- Made by scripts/generate-docs.mjs from src/schema/task.ts. Do not edit. -->

YAML 1.2, UTF-8, at most 256 KiB. Paths are relative to the file. Every key is checked before the first call; a key that is
not in this list is refused. For completion in an editor, put this on the first line:
\`# yaml-language-server: $schema=<path to>/task.schema.json\`.

| key | what it does | allowed | default |
|---|---|---|---|
${rows.join('\n')}

## Templates

\`{{seed}}\` is the whole row: the text of a text row; of an object row its field \`seed\`, else the row as JSON. \`{{field}}\` and
\`{{field.sub}}\` name fields of an object row. Text, numbers, true and false can be filled in; null, lists and objects cannot.
There are no expressions. \`{{{{\` writes a literal \`{{\`. Text inside a row is never expanded again. In YAML, put a template
that begins with \`{{\` in quotes.

## Rows

| file | a row is |
|---|---|
| \`.jsonl\`, \`.ndjson\` | a JSON text or object on each line |
| \`.jsonl\` with OpenAI batch request lines | \`custom_id\` is the id; \`{{prompt}}\` is the text of the user message, \`{{system}}\` of the system message. Model and parameters are those of the task |
| \`.csv\` | a line under a header; every value is text |
| \`.txt\` | a line |

Blank lines are skipped. The field \`id\` of a row (text of at most 200 bytes, or a whole number) is its id and must be there
once. A row without one gets an id made from its content; equal rows get \`-2\`, \`-3\` and are each done. A row may have
16 MiB; a file may have any size. \`--limit N\` takes the first N rows; \`--total N\` makes exactly N, repeating the rows in order.

## Task types

| task_type | system prompt when \`system_prompt\` is not given |
|---|---|
${prompts.join('\n')}

## Providers

\`worker_model: provider/model\`, with one of the [known providers](providers.md): ${Object.keys(PROVIDERS)
    .map((name) => `\`${name}\``)
    .join(', ')}. A \`worker_api_base\` replaces the base; when it belongs to another of these, that
provider's key is used and, without \`worker_wire\`, its wire. With a base of any other host the whole name is sent as the model, unless it begins with one of these.

## Keys of later versions

Known, and refused with E_TASK_UNSUPPORTED until they work.

| key | what it will be |
|---|---|
${later.join('\n')}
`;
}

async function spokenWires() {
  const loaded = Object.entries(ALL_WIRES).map(async ([name, load]) => [name, await load()]);
  return new Map(await Promise.all(loaded));
}

/** Pages of what is declared in src/. A declaration that says nothing of itself is an error. */
function declaredPages() {
  const types = new DeclaredTypes(fileURLToPath(root));
  try {
    const { name, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    const entries = Object.entries(exports).flatMap(([path, entry]) => (entry.types === undefined ? [] : [name + path.slice(1)]));
    const pages = [
      ['docs/files.md', filesPage({ types, names: [...RESULT_FILES, MARKER_FILE], exported: EXPORT_FIELDS })],
      ['docs/json.md', jsonPage({ types, commands: jsonCommands() })],
      ['docs/library.md', libraryPage({ types, entries })],
    ];
    if (types.missing.size > 0) throw new Error(`no docstring: ${[...types.missing].join(', ')}`);
    return pages;
  } finally {
    types.close();
  }
}

const schemaText = jsonSchema();
const files = [
  ['task.schema.json', schemaText],
  ['docs/task-reference.md', reference(JSON.parse(schemaText))],
  ['docs/cli.md', cliReference()],
  ['docs/errors.md', errorsPage({ groups: ERROR_GROUPS, exits: EXIT })],
  [
    'docs/providers.md',
    providersPage({ providers: PROVIDERS, wiresOf, wires: WIRES, spoken: await spokenWires(), notes: PROVIDER_NOTES }),
  ],
  ...declaredPages(),
  [
    'docs/configuration.md',
    configurationReference({ config: loadConfig({}), source: readFileSync(new URL('src/config.ts', root), 'utf8') }),
  ],
];
const check = process.argv.includes('--check');
for (const [name, text] of files) {
  const path = fileURLToPath(new URL(name, root));
  let current = '';
  try {
    current = readFileSync(path, 'utf8');
  } catch {
    // Not there yet.
  }
  if (current === text) continue;
  if (check) {
    console.error(`${name} is stale: run node scripts/generate-docs.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}
