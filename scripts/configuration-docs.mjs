// @ts-check
/** docs/configuration.md: the environment variables. Fails when src/config.ts reads one that is not described here, or the other way round. */

/** @typedef {[name: string, what: string, initial: string]} Setting */

/** @param {Record<string, unknown>} config what `loadConfig` makes of an empty environment */
const settings = (config) =>
  /** @type {Setting[]} */ ([
    [
      'SWARM_HOME',
      'Home folder: store, Temporal database, logs, socket. Other homes on one machine do not see each other.',
      '`$XDG_STATE_HOME/durable-swarm`',
    ],
    ['SWARM_DATABASE_URL', 'PostgreSQL address (`postgres://...`) of the store, instead of the file in the home.', 'the file'],
    [
      'SWARM_TASK_ROOTS',
      'Folders that a task named by plain Temporal may lie under; a path list. A task file that another user owns or may write is refused.',
      'the working directory',
    ],
    [
      'SWARM_TEMPORAL_STARTS',
      '`off`: plain Temporal starts nothing; runs that `swarm run` and the library stage go on. See [From Temporal](temporal.md).',
      '`on`',
    ],
    [
      'SWARM_TEMPORAL_MODELS',
      'Models that prompts in a workflow input may use: `provider/model`, `*` for any text; a list with commas.',
      '`sim/*`',
    ],
    [
      'SWARM_TEMPORAL_MAX_COST',
      'Cap in USD of each run whose prompts came in a workflow input, when its model costs. Without it none may cost.',
      'none',
    ],
    [
      'SWARM_TEMPORAL_BASES',
      'Base URLs that such an input may name beyond those of the [known providers](providers.md); a list with commas.',
      'none',
    ],
    [
      'SWARM_TEMPORAL_KEYS',
      'Key variables that such an input may name beyond those of the known providers; a list with commas. The key of a known provider goes to its own base alone.',
      'none',
    ],
    [
      'SWARM_TEMPORAL_PORT',
      'First choice for the port of the embedded Temporal server; its Web UI is 1000 above. When one is taken, the next pair is used and said.',
      `\`${config['temporalPort']}\``,
    ],
    [
      'SWARM_UI',
      'Web UI of the embedded Temporal server: `on` or `off`. [Who may reach it](operations.md#ports-of-the-embedded-server).',
      '`on`',
    ],
    [
      'SWARM_UI_HOSTS',
      'Hosts that the Web UI answers to beside `localhost` and `127.0.0.1` with its port: as they stand in the address line of the browser, with the port unless it is the usual one, with commas between (`swarm.example.com,localhost:9000`).',
      'none',
    ],
    [
      'SWARM_TEMPORAL_BIN',
      'A `temporal` program to try first (the Temporal CLI with Server 1.31 or newer).',
      'search PATH, the cache, a download, a build',
    ],
    [
      'SWARM_WORKER_BUILD',
      'Build id of a `swarm worker` process in a Temporal worker deployment, for [upgrades with runs in flight](operations.md#upgrading-workers). A host ignores it.',
      'unversioned',
    ],
    ['SWARM_WORKER_DEPLOYMENT', 'Name of that deployment; without dot and colon.', '`durable-swarm`'],
    [
      'SWARM_MAX_DAILY_COST',
      'Most USD that all runs of the home or database together may spend in a calendar day: no call of this host or worker passes it, nor, in any process, one for a run that a command with it has started or resumed. Of several the lowest holds. A run that meets it stops as capped. Its models need a price; those of `sim/` are not counted.',
      'no cap',
    ],
    [
      'SWARM_WARN_AT',
      'USD that all runs have cost in a day when the commands that show a run warn, once; nothing stops. `warn_at` in a task does the same for one run.',
      'no warning',
    ],
    ['SWARM_TIMEZONE', 'Time zone of the days of `SWARM_MAX_DAILY_COST` and `SWARM_WARN_AT`, such as `Europe/Berlin`.', '`UTC`'],
    ['SWARM_IDLE_MS', 'How long a host that nobody needs stays, in milliseconds.', `\`${config['idleMs']}\``],
    ['SWARM_LOG_LEVEL', 'Level of `host.log` and of `swarm worker`: debug, info, warn, error.', `\`${config['logLevel']}\``],
    [
      'TEMPORAL_ADDRESS',
      'An existing Temporal cluster: no server is started. The other variables of the Temporal CLI (`TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS...`) count too.',
      'the embedded server',
    ],
    ['TEMPORAL_PROFILE', 'A profile of temporal.toml: an existing cluster, as above.', '-'],
    ['TEMPORAL_CONFIG_FILE', 'Another temporal.toml: an existing cluster, as above.', '-'],
    [
      'HTTPS_PROXY',
      'Proxy of model calls to https addresses, `http://[NAME:PASSWORD@]HOST:PORT`; `https_proxy` counts before it. [Proxies](operations.md#proxies).',
      'none',
    ],
    ['HTTP_PROXY', 'The same for http addresses; `http_proxy` counts before it.', 'none'],
    [
      'NO_PROXY',
      'What is reached directly: names with all below them, addresses, networks such as `10.0.0.0/8`, each with `:PORT` or without, with commas between; `*` is all. `no_proxy` counts before it. This machine always is.',
      '-',
    ],
    ['XDG_STATE_HOME', 'Folder of the default home.', '`~/.local/state`'],
    ['XDG_CACHE_HOME', 'The Temporal program is kept in `durable-swarm` under it, for all homes.', '`~/.cache`'],
    ['CI', 'Set to anything: no live view, no questions.', '-'],
    ['npm_command', 'Set by npm and npx: hints then name `npx swarm`, as it was typed.', '-'],
    ['NO_COLOR', 'Set to anything: no colours.', '-'],
    ['TERM', '`dumb`: no redrawing, no colours.', '-'],
    [
      'LC_ALL',
      'The locale; `LC_CTYPE`, then `LANG`, count after it. Without UTF-8 in it the live view uses plain characters.',
      '-',
    ],
  ]);

/** Variables that are described in the row of another one. */
const MENTIONED = ['LC_CTYPE', 'LANG', 'https_proxy', 'http_proxy', 'no_proxy'];

/** @param {string} source text of src/config.ts */
function namesRead(source) {
  return new Set([...source.matchAll(/\benv\['([A-Za-z_]+)'\]/g)].map((match) => match[1] ?? ''));
}

/**
 * @param {{ config: Record<string, unknown>, source: string }} facts
 * @returns {string} Markdown
 */
export function configurationReference({ config, source }) {
  const all = settings(config);
  const described = new Set([...all.map(([name]) => name), ...MENTIONED]);
  const read = namesRead(source);
  const wrong = [...read].filter((name) => !described.has(name)).concat([...described].filter((name) => !read.has(name)));
  if (wrong.length > 0) {
    throw new Error(`scripts/configuration-docs.mjs and src/config.ts do not name the same variables: ${wrong.join(', ')}`);
  }
  const rows = all.map(([name, what, initial]) => `| \`${name}\` | ${what} | ${initial} |`);
  return `# Configuration

<!-- Made by scripts/generate-docs.mjs. Do not edit. -->

There is no configuration file. What a run does is in its [task file](task-reference.md) and in the options of the
[command](cli.md); where things are is in the environment.

| variable | what it sets | default |
|---|---|---|
${rows.join('\n')}

A path list has colons between its paths, on Windows semicolons. A host takes these settings from whoever starts it and keeps
them until it ends: after a change run \`swarm stop\`. A command says what its host has otherwise: a lower cap, proxies, certificates; with another
database or Temporal than its host's it ends with E_HOST_SETTINGS.

## API keys

A task names the environment variable of its key (\`worker_api_key_env\`, or the usual one of a [known provider](providers.md));
the key itself is never in a file. \`swarm run\` and the library hand the key to the host over a socket that only the same user can
open. The host keeps it in memory. A run that is started by plain Temporal, or that goes on by itself after a restart, needs
the variable in the environment of the host (\`swarm start\`) or of each \`swarm worker\`.
`;
}
