/** The other parts as the CLI uses them, each loaded when it is first needed: `swarm --help` loads none. */
import { spawn } from 'node:child_process';
import { constants, devNull } from 'node:os';
import { childEnvironment, embeddedEnvironment } from '../config.js';
import type { CliDeps } from './context.js';

/** Shells report a program that a signal ended as 128 + the signal's number. */
const SIGNAL_BASE = 128;

/**
 * Settings of the user's own Temporal (a key, TLS, a namespace; by variable or by file) would keep the program from the embedded server,
 * which has none of it.
 */
const NO_SETTINGS_FILES = ['--disable-config-file', '--env-file', devNull];

async function runProgram(path: string, args: readonly string[], address: string | null): Promise<number> {
  const [own, env] = address === null ? [[], childEnvironment({})] : [NO_SETTINGS_FILES, embeddedEnvironment(address)];
  const child = spawn(path, [...own, ...args], { stdio: 'inherit', env });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

export const cliDeps: CliDeps = {
  connect: async (options) => (await import('../client/connect.js')).connectLight(options),
  checkTask: async (task, options, config, models) =>
    (await import('../client/check.js')).checkInHome(config, task, options, models),
  servedModels: (config) => async (task, key) =>
    (await import('../worker/served-models.js')).servedModels(task, key, config.proxies),
  whatRunSays: async (...asked) => (await import('../client/check.js')).notesOfFolder(...asked),
  openReader: async (config) => (await import('../client/reader.js')).openReader(config),
  hostStatus: async (config) => (await import('../client/host/process.js')).hostStatus(config),
  startHost: async (config, onProgress) =>
    (await import('../client/host/process.js')).findOrStartHost(config, { onProgress, keep: true }),
  holdHost: async (config, onProgress) => {
    const { connection, info } = await (await import('../client/host/process.js')).connectToHost(config, { onProgress });
    await connection.attach(null);
    return { info, release: () => connection.close() };
  },
  stopHost: async (config) => (await import('../client/host/process.js')).stopHost(config),
  startSimulator: async (flags) => {
    const { parseSimulatorOptions } = await import('../simulator/options.js');
    const { startSimulator } = await import('../simulator/server.js');
    return await startSimulator(parseSimulatorOptions(flags));
  },
  runWorker: async (config, options) => (await import('../worker/main.js')).runWorkerProcess(config, options),
  temporalBinary: async (config, onProgress) =>
    (await (await import('../host/temporal/binary.js')).resolveTemporalBinary(config, { onProgress })).path,
  runProgram,
};
