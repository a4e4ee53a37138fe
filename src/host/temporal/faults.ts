/** Why the embedded server did not start, for people. */
import { EXIT, SwarmError } from '../../core/errors.js';
import { type ProxySettings, proxyNames } from '../../core/proxy.js';
import { diskFull, isDiskFull } from '../../store/free-space.js';

export interface FailedStart {
  home: string;
  /** Path of the server's log. */
  log: string;
  /** Path of the `temporal` program. */
  program: string;
  /** What became of it. */
  failure: string;
  /** What it wrote last. */
  output: string;
  proxies: ProxySettings;
}

/** E_TEMPORAL_START (exit 4) with the last lines of the server; exit 7 when the home's disk is full. */
export function temporalStartError({ home, log, program, failure, output, proxies }: FailedStart): SwarmError {
  if (isDiskFull(home)) return diskFull(home, 'the Temporal server could not start');
  const lines = output.trim().split('\n').slice(-4);
  const said = lines.map((line) => `\n    ${line}`).join('');
  const names = proxyNames(proxies);
  const direct = names === null ? '' : `\n    (the proxy of ${names} is not used for it)`;
  return new SwarmError(
    {
      code: 'E_TEMPORAL_START',
      place: { file: log },
      found: `the Temporal server (${program}) did not start: ${failure}; its last lines:${said}${direct}`,
      fix: 'mend what the lines name; a damaged Temporal database may be removed, the runs are in the store',
    },
    EXIT.unreachable,
  );
}
