/** The SDK's runtime, one for a process: who handles signals, and what it and its core write into the log. */
import { type LogMetadata, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

export type RuntimeLog = Pick<Logger, 'debug' | 'warn' | 'error'>;

let installed = false;

/** The first log counts for the life of the process. */
export function installRuntime(log: RuntimeLog): void {
  if (installed) return;
  installed = true;
  const { debug, warn, error } = sdkLines(log);
  Runtime.install({
    // Signals are the host's business.
    shutdownSignals: [],
    // The core's own lines join the log instead of going to the console.
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
    logger: {
      log: (level, message, meta) => {
        if (level !== 'TRACE') (level === 'ERROR' ? error : level === 'WARN' ? warn : debug)(message, meta);
      },
      trace: () => undefined,
      // What the SDK does, for who asks for it.
      debug,
      info: debug,
      warn,
      error,
    },
  });
}

type Write = (message: string, meta?: LogMetadata) => void;

/** Writes what the SDK says. What it warns of although we mean it so is for who asks for it. */
export function sdkLines(log: RuntimeLog): Record<'debug' | 'warn' | 'error', Write> {
  const write =
    (level: 'debug' | 'warn' | 'error'): Write =>
    (message, meta) => {
      const { error, ...facts } = meta ?? {};
      const at = level === 'warn' && isMeant(message, facts) ? 'debug' : level;
      log[at](error === undefined ? facts : { ...facts, err: error }, message);
    };
  return { debug: write('debug'), warn: write('warn'), error: write('error') };
}

/** Queues of activities alone; and the watcher of a run, which ends with its workflow. */
function isMeant(message: string, facts: LogMetadata): boolean {
  if (message.startsWith('No workflows registered, not polling for workflow tasks')) return true;
  return (
    message.startsWith('Activity not found on completion.') &&
    String(facts['details']).includes('workflow execution already completed')
  );
}
