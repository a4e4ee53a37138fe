/** The only reader of the environment. Everything else gets a Config. */
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EXIT, SwarmError } from './core/errors.js';
import type { HostSettings } from './core/host-settings.js';
import { isTimeZone } from './core/money/calendar-day.js';
import type { HttpProxy, ProxySettings } from './core/proxy.js';

export interface Config {
  /** Folder of this home: store, Temporal database, logs, socket. `SWARM_HOME`, default `$XDG_STATE_HOME/durable-swarm`. */
  home: string;
  /** Downloads and builds, shared by all homes. `$XDG_CACHE_HOME/durable-swarm`. */
  cacheDir: string;
  /** PostgreSQL address; null = the libsql file in the home. `SWARM_DATABASE_URL`. */
  databaseUrl: string | null;
  /** Path of a `temporal` binary to use before all others. `SWARM_TEMPORAL_BIN`. */
  temporalBin: string | null;
  /**
   * The embedded server's Web UI, and the values of the header Host that it answers to beside its own; null: no Web UI. `SWARM_UI` (`on` or
   * `off`, default on), `SWARM_UI_HOSTS` (list with commas).
   */
  webUi: { hosts: string[] } | null;
  /** First choice for the embedded server's port; the UI is 1000 above. `SWARM_TEMPORAL_PORT`, default 7233. */
  temporalPort: number;
  /** True when the user points at an existing cluster (TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE): no server is spawned. */
  externalTemporal: boolean;
  /** Folders that a task named over Temporal or HTTP may lie under. `SWARM_TASK_ROOTS` (path list), default: the working directory. */
  taskRoots: string[];
  /**
   * Version under which `swarm worker` takes workflows, for upgrades with runs in flight; null: unversioned, as a host always is.
   * `SWARM_WORKER_BUILD` is the build, `SWARM_WORKER_DEPLOYMENT` the deployment that it belongs to, default durable-swarm.
   */
  workerVersion: { deploymentName: string; buildId: string } | null;
  /**
   * Cap in USD for all runs of a day that this process takes part in, in days of a time zone; null = none. `SWARM_MAX_DAILY_COST`,
   * `SWARM_TIMEZONE`, default UTC.
   */
  maxDailyCost: { usd: number; timeZone: string } | null;
  /** USD that all runs have cost in a day when the commands that show a run warn. `SWARM_WARN_AT`, days as above; default none. */
  warnAt: { usd: number; timeZone: string } | null;
  /** What inputs of plain Temporal may ask for beyond a task file of the user's own. */
  temporalInputs: TemporalInputs;
  /** Proxies of model calls, never of what is on this machine: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in small letters too. */
  proxies: ProxySettings;
  /** How long an idle host stays, in ms. `SWARM_IDLE_MS`, default 60,000. */
  idleMs: number;
  /** `SWARM_LOG_LEVEL`, default info. */
  logLevel: string;
  /** True under CI: no live view, no questions. */
  ci: boolean;
}

/**
 * Whoever reaches the Temporal server can start workflows, and the embedded server has no login: what comes that way is untrusted. These
 * are read from the environment alone.
 */
export interface TemporalInputs {
  /** False: only runs that were staged before are taken. `SWARM_TEMPORAL_STARTS=off`. */
  starts: boolean;
  /** Models that prompts in the input may use: `provider/model`, `*` for any text. `SWARM_TEMPORAL_MODELS`, default `sim/*`. */
  models: readonly string[];
  /** Base URLs beyond those of the known providers. `SWARM_TEMPORAL_BASES`, default none. */
  bases: readonly string[];
  /** Key variables beyond those of the known providers. `SWARM_TEMPORAL_KEYS`, default none. */
  keys: readonly string[];
  /** Cap in USD of each such run whose model costs; null: none may cost. `SWARM_TEMPORAL_MAX_COST`. */
  maxCostUsd: number | null;
}

type Env = Readonly<Record<string, string | undefined>>;

function positiveInteger(text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : fallback;
}

/** A cap that nobody could read must not be no cap. Throws E_CAP. */
function usdOf(name: string, text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const usd = text.trim() === '' ? Number.NaN : Number(text);
  if (!(Number.isFinite(usd) && usd > 0)) {
    const allowed = 'a number of USD above 0, with a point for decimals';
    throw new SwarmError({ code: 'E_CAP', found: `${name} is ${JSON.stringify(text)}`, allowed }, EXIT.badInput);
  }
  return usd;
}

/** Throws E_CAP or E_TASK_TZ. */
function usdADay(name: string, text: string | undefined, timeZone: string): Config['maxDailyCost'] {
  const usd = usdOf(name, text);
  if (usd === null) return null;
  if (!isTimeZone(timeZone)) {
    const allowed = 'a name of the IANA time zone database, such as UTC or Europe/Berlin';
    throw new SwarmError({ code: 'E_TASK_TZ', found: `SWARM_TIMEZONE is ${JSON.stringify(timeZone)}`, allowed }, EXIT.badInput);
  }
  return { usd, timeZone };
}

/** Names between commas, blanks or line ends. */
function listOf(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((name) => name !== '');
}

/** A word that nobody could read must not open what it was to close. Throws E_SETTING. */
function onOrOff(name: string, text: string | undefined): boolean {
  const word = (text ?? '').trim().toLowerCase();
  if (word === '' || word === 'on') return true;
  if (word === 'off') return false;
  throw new SwarmError({ code: 'E_SETTING', found: `${name} is ${JSON.stringify(text)}`, allowed: 'on or off' }, EXIT.badInput);
}

/** Null: off. Throws E_SETTING. */
function webUi(ui: string | undefined, hosts: string | undefined): Config['webUi'] {
  const list = listOf(hosts);
  const odd = list.find((host) => !/^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host));
  if (odd !== undefined) {
    const allowed =
      'names with their port as in the address line of the browser (swarm.example.com, localhost:9000), with commas between';
    throw new SwarmError({ code: 'E_SETTING', found: `SWARM_UI_HOSTS has ${JSON.stringify(odd)}`, allowed }, EXIT.badInput);
  }
  return onOrOff('SWARM_UI', ui) ? { hosts: list } : null;
}

/** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`: small letters count before large ones, as in curl. */
export function proxySettings(env: Env = process.env): ProxySettings {
  const proxy = (...variables: readonly [string, string | undefined][]): HttpProxy | null => {
    const [variable, url] = variables.find(([, value]) => value?.trim()) ?? [];
    if (variable === undefined || url === undefined) return null;
    return { url: /^[a-z][a-z0-9+.-]*:\/\//i.test(url.trim()) ? url.trim() : `http://${url.trim()}`, variable };
  };
  return {
    https: proxy(['https_proxy', env['https_proxy']], ['HTTPS_PROXY', env['HTTPS_PROXY']]),
    http: proxy(['http_proxy', env['http_proxy']], ['HTTP_PROXY', env['HTTP_PROXY']]),
    none: listOf(env['no_proxy'] || env['NO_PROXY']),
  };
}

/** The folder that this program works in, which relative paths start from. Throws E_FOLDER_GONE when it was removed. */
export function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    const found = `the current folder is not there any more: ${(error as Error).message}`;
    const fix = 'cd to a folder that is there (after it was made anew: cd "$PWD"), then run the command again';
    throw new SwarmError({ code: 'E_FOLDER_GONE', found, fix }, EXIT.badInput, { cause: error });
  }
}

/** Throws E_CAP, E_TASK_TZ or E_SETTING for a cap, a warning, a switch or a guard that cannot be read, E_FOLDER_GONE. */
export function loadConfig(env: Env = process.env, cwd: string = currentFolder()): Config {
  const user = homedir() || tmpdir();
  const state = env['XDG_STATE_HOME'] || join(user, '.local', 'state');
  const cache = env['XDG_CACHE_HOME'] || join(user, '.cache');
  const timeZone = env['SWARM_TIMEZONE'] || 'UTC';
  return {
    home: resolve(env['SWARM_HOME'] || join(state, 'durable-swarm')),
    cacheDir: resolve(join(cache, 'durable-swarm')),
    databaseUrl: env['SWARM_DATABASE_URL'] || null,
    temporalBin: env['SWARM_TEMPORAL_BIN'] || null,
    webUi: webUi(env['SWARM_UI'], env['SWARM_UI_HOSTS']),
    temporalPort: positiveInteger(env['SWARM_TEMPORAL_PORT'], 7233),
    externalTemporal: Boolean(env['TEMPORAL_ADDRESS'] || env['TEMPORAL_PROFILE'] || env['TEMPORAL_CONFIG_FILE']),
    taskRoots: (env['SWARM_TASK_ROOTS'] ?? cwd)
      .split(process.platform === 'win32' ? ';' : ':')
      .filter((path) => path !== '')
      .map((path) => resolve(cwd, path)),
    workerVersion: env['SWARM_WORKER_BUILD']
      ? { deploymentName: env['SWARM_WORKER_DEPLOYMENT'] || 'durable-swarm', buildId: env['SWARM_WORKER_BUILD'] }
      : null,
    maxDailyCost: usdADay('SWARM_MAX_DAILY_COST', env['SWARM_MAX_DAILY_COST'], timeZone),
    warnAt: usdADay('SWARM_WARN_AT', env['SWARM_WARN_AT'], timeZone),
    temporalInputs: {
      starts: onOrOff('SWARM_TEMPORAL_STARTS', env['SWARM_TEMPORAL_STARTS']),
      models: listOf(env['SWARM_TEMPORAL_MODELS'] || 'sim/*'),
      bases: listOf(env['SWARM_TEMPORAL_BASES']),
      keys: listOf(env['SWARM_TEMPORAL_KEYS']),
      maxCostUsd: usdOf('SWARM_TEMPORAL_MAX_COST', env['SWARM_TEMPORAL_MAX_COST']),
    },
    proxies: proxySettings(env),
    idleMs: positiveInteger(env['SWARM_IDLE_MS'], 60_000),
    logLevel: env['SWARM_LOG_LEVEL'] || 'info',
    ci: Boolean(env['CI']),
  };
}

/** Value of an API key by the name of its environment variable; undefined when unset or empty. */
export function readKey(name: string, env: Env = process.env): string | undefined {
  return env[name] || undefined;
}

/** What the environment says about the terminal. */
export interface TerminalSettings {
  /** `TERM=dumb`: no redrawing. */
  dumb: boolean;
  /** False when `NO_COLOR` is set to anything but the empty text. */
  color: boolean;
  /** True when the locale (`LC_ALL`, else `LC_CTYPE`, else `LANG`) is a UTF-8 one. */
  utf8: boolean;
}

/** True when npm or npx started this program: a person then types it with npx. */
export function calledByNpm(env: Env = process.env): boolean {
  return Boolean(env['npm_command']);
}

/** Reads TerminalSettings. */
export function terminalSettings(env: Env = process.env): TerminalSettings {
  const dumb = env['TERM'] === 'dumb';
  return {
    dumb,
    color: !env['NO_COLOR'] && !dumb,
    utf8: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
  };
}

/**
 * Environment of a host process that is to see this configuration: the own environment, with the settings written back,
 * since a program may have changed them after loading.
 */
export function hostEnvironment(config: Config, env: Env = process.env): Record<string, string | undefined> {
  return {
    ...env,
    SWARM_HOME: config.home,
    SWARM_UI: config.webUi === null ? 'off' : 'on',
    ...(config.webUi === null ? {} : { SWARM_UI_HOSTS: config.webUi.hosts.join(',') }),
    SWARM_TEMPORAL_PORT: String(config.temporalPort),
    SWARM_TASK_ROOTS: config.taskRoots.join(process.platform === 'win32' ? ';' : ':'),
    SWARM_IDLE_MS: String(config.idleMs),
    ...(config.maxDailyCost === null
      ? {}
      : { SWARM_MAX_DAILY_COST: String(config.maxDailyCost.usd), SWARM_TIMEZONE: config.maxDailyCost.timeZone }),
    SWARM_LOG_LEVEL: config.logLevel,
    ...(config.databaseUrl === null ? {} : { SWARM_DATABASE_URL: config.databaseUrl }),
    ...(config.temporalBin === null ? {} : { SWARM_TEMPORAL_BIN: config.temporalBin }),
  };
}

/** Variables that name a cluster. */
const CLUSTER = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'];
/** Variables that say how calls reach a provider. */
const ROUTE = ['NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
/** In both spellings; where both are set the small one holds, as in other programs. */
const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

/** What a host keeps from its start, as far as it matters to a run: for the comparison of a command with its host. */
export function hostSettings(config: Config, env: Env = process.env): HostSettings {
  const read = (name: string): [string, string | undefined] => [name, env[name]];
  const set = (pairs: [string, string | null | undefined][]) =>
    Object.fromEntries(pairs.filter((pair): pair is [string, string] => Boolean(pair[1])));
  return {
    maxDailyCost: config.maxDailyCost,
    // The embedded server is the host's own, whatever the variables of others say.
    place: set([['SWARM_DATABASE_URL', config.databaseUrl], ...(config.externalTemporal ? CLUSTER : []).map(read)]),
    route: set([
      ...ROUTE.map(read),
      ...PROXIES.map((name): [string, string | undefined] => [name, env[name.toLowerCase()] || env[name]]),
    ]),
  };
}

/** Environment of a program that the user runs through us: the own one, with what we add. */
export function childEnvironment(added: Env, env: Env = process.env): Record<string, string | undefined> {
  return { ...env, ...added };
}

/** Environment of the temporal CLI that is to speak to the embedded server: no other setting of Temporal, least of all a key. */
export function embeddedEnvironment(address: string, env: Env = process.env): Record<string, string | undefined> {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(others), TEMPORAL_ADDRESS: address };
}

/** Environment of the embedded Temporal server, all of whose connections stay on this machine: as plainEnvironment, without proxies. */
export function serverEnvironment(env: Env = process.env): Record<string, string> {
  return Object.fromEntries(Object.entries(plainEnvironment(env)).filter(([name]) => !/_proxy$/i.test(name)));
}

/** What `@temporalio/envconfig` reads: the `TEMPORAL_*` variables and where the user's configuration folder is. May hold an API key. */
export function temporalEnvironment(env: Env = process.env): Record<string, string> {
  const kept = (name: string) => name.startsWith('TEMPORAL_') || ['HOME', 'XDG_CONFIG_HOME', 'APPDATA'].includes(name);
  const pairs = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && kept(pair[0]));
  return Object.fromEntries(pairs);
}

/** Environment of programs that must not see API keys (the Temporal server, the Go build): only what running a program needs. */
export function plainEnvironment(env: Env = process.env): Record<string, string> {
  const kept =
    /^(PATH|PATHEXT|HOME|USER|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|COMSPEC|APPDATA|LOCALAPPDATA|USERPROFILE|XDG_.*|GO[A-Z0-9]*|CGO_.*|CC|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_(FILE|DIR))$/i;
  const pairs = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && kept.test(pair[0]));
  return Object.fromEntries(pairs);
}
