// @ts-check
/** docs/providers.md: the providers that are known by name and the wires that are spoken, from src/schema/providers.ts and src/schema/wires.ts. */
import { code, page, table } from './markdown.mjs';

/** @typedef {import('../../src/schema/providers.js').Provider} Provider */
/** @typedef {import('../../src/schema/wires.js').WireFacts} WireFacts */
/** @typedef {import('../../src/llm/wires/wire.js').Wire} Wire */

/**
 * @typedef {object} ProviderFacts
 * @property {Readonly<Record<string, Provider>>} providers
 * @property {typeof import('../../src/schema/providers.js').wiresOf} wiresOf
 * @property {Readonly<Record<string, WireFacts>>} wires
 * @property {ReadonlyMap<string, Pick<Wire, 'key'>>} spoken the wires that this version speaks
 * @property {Readonly<Record<string, string>>} notes what is special at each provider
 */

/**
 * @param {Provider} provider
 * @param {ProviderFacts} facts
 */
function basesOf(provider, { wiresOf }) {
  if (provider.apiBase === null) return 'all, inside the program';
  return wiresOf(provider)
    .map(({ wire, apiBase }) => `${wire}: ${code(String(apiBase))}`)
    .join('<br>');
}

/** @param {ProviderFacts} facts */
function wireTable({ wires, spoken }) {
  const rows = Object.entries(wires).map(([name, { title, versionPath }]) => {
    const key = spoken.get(name)?.key;
    return [
      code(name),
      title,
      key === undefined ? 'not in this version' : code(`${key.header}: ${key.value('KEY')}`),
      versionPath === '' ? '-' : code(versionPath),
    ];
  });
  return table(['wire', 'API', 'header of the key', 'version path of a base without one'], rows);
}

/** @param {ProviderFacts} facts */
function fieldTable({ wires }) {
  const names = Object.keys(wires);
  const keys = Object.keys(Object.values(wires)[0]?.fields ?? {});
  const rows = keys.map((key) => {
    const fields = names.map((name) => Object.entries(wires[name]?.fields ?? {}).find(([one]) => one === key)?.[1]);
    return [code(key), ...fields.map((field) => (field ? code(field) : '-'))];
  });
  return table(['key of the task', ...names], rows);
}

/**
 * @param {ProviderFacts} facts
 * @returns {string}
 */
export function providersPage(facts) {
  const all = Object.entries(facts.providers);
  const rows = all.map(([name, provider]) => [
    code(name),
    basesOf(provider, facts),
    provider.apiKeyEnv === null ? '-' : code(provider.apiKeyEnv),
    facts.notes[name] ?? '',
  ]);
  const pages = all.flatMap(([name, { pages: known }]) => (known === null ? [] : [[code(name), known.keys, known.billing]]));
  return page('Providers', 'src/schema/providers.ts and src/schema/wires.ts', [
    '`worker_model: provider/model` names one of these, `worker_api_base` any other server that speaks one of the [wires](#wires). How base, wire, name and key ' +
      'are chosen: [task file](task-reference.md#providers). Limits need not be known: they are read from the headers of answers, or found ' +
      'from refusals; a wait that a provider asks for is kept, also one of hours.',
    table(['provider', 'wires and their bases, the default first', 'key variable', 'what is special'], rows),
    '## Wires',
    'How an API of models is spoken; `worker_wire` names one for a base that is not known.',
    wireTable(facts),
    'Which field of a request a key of the task sets. Another field goes there by `extra_body`.',
    fieldTable(facts),
    'Azure is a base (`https://NAME.openai.azure.com`, `https://NAME.services.ai.azure.com`), `worker_model` the name of a deployment there, and ' +
      '`worker_api_key_env` names its key, which goes out as `api-key` (a token of Entra as a bearer). The output limit goes out as ' +
      '`max_completion_tokens`; for models of Mistral there as `max_tokens`, and `seed` as `random_seed`.',
    '## Where keys are made and bills are paid',
    table(['provider', 'keys', 'billing'], pages),
  ]);
}
