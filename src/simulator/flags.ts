/** The flags of `swarm simulate`, as its help has them. */
import { SIM_CONTEXT_TOKENS, SIM_PRICE } from '../core/money/price.js';
import { WIRE_NAMES } from '../schema/wires.js';
import { FAULTS } from './faults.js';
import { RETRY_AFTER_FORMS } from './retry-after.js';

export const SIMULATOR_FLAGS: readonly { flag: string; description: string }[] = [
  { flag: '--port <n>', description: 'port on 127.0.0.1 (default: a free one)' },
  {
    flag: '--wire <name>',
    description: `the only API that it speaks: ${WIRE_NAMES.join(', ')} (default: all, each at its own path)`,
  },
  { flag: '--seed <text>', description: 'another seed gives other answers, latencies and faults' },
  { flag: '--latency <ms>', description: 'ms, or lognormal:MEDIAN,SIGMA (default 100)' },
  { flag: '--answer-tokens <n>', description: 'tokens per answer, or lognormal:MEDIAN,SIGMA (default lognormal:40,0.5)' },
  { flag: '--reasoning-tokens <n>', description: 'hidden output tokens per answer (default 0)' },
  { flag: '--ignore-max-tokens', description: 'answers are as long as they are, whatever max_tokens says' },
  { flag: '--cached-share <x>', description: 'share of prompt tokens reported as cached, 0 to 1 (default 0)' },
  { flag: '--done-turns <n>', description: 'conversations end at a turn drawn from 1 to N (default 3)' },
  { flag: '--rpm <n>', description: 'requests per minute' },
  { flag: '--rpm-changes <list>', description: 'what --rpm becomes: 2400@40s is 2,400 from 40 s after the start on' },
  { flag: '--tpm <n>', description: 'tokens per minute' },
  { flag: '--burst <n>', description: 'requests that may come at once under --rpm (default: one second of them)' },
  {
    flag: '--window <form>',
    description:
      'count the requests of --rpm in windows: fixed:60s, or sliding:1s for the last second (default: a bucket, see --burst)',
  },
  { flag: '--refusals-count', description: 'refused requests count against --rpm, too' },
  { flag: '--max-in-flight <n>', description: 'calls under way at once; above it 429' },
  { flag: '--hidden-limits', description: 'keep the limits but send no limit headers, and no wait but that of --named-wait' },
  { flag: '--context-window <n>', description: `largest prompt + max_tokens (default ${SIM_CONTEXT_TOKENS})` },
  { flag: '--models <names>', description: 'the only models that exist, with commas (default: any name)' },
  {
    flag: '--price <usd>',
    description: `INPUT,OUTPUT[,CACHED] in USD per 1M tokens, for the log (default ${SIM_PRICE.input},${SIM_PRICE.output},${SIM_PRICE.cachedInput})`,
  },
  {
    flag: '--faults <list>',
    description: `shares of calls, like 500:0.05,reset:0.01, or of one model, like 500@MODEL:0.05; names: ${Object.keys(FAULTS).join(' ')}`,
  },
  { flag: '--retry-after <form>', description: `form of the wait: ${RETRY_AFTER_FORMS.join(', ')} (default both)` },
  {
    flag: '--named-wait <ms>',
    description: 'the wait that every refusal names, whatever the true one is: too long, too short, 0 (default: the true one)',
  },
  { flag: '--outage <list>', description: 'windows of resets: 10s@5s is 10 s long, 5 s after the start' },
  { flag: '--storm <list>', description: 'windows in which every call is a 429: 60s@5s is 60 s long, 5 s after the start' },
  { flag: '--log <file>', description: 'append a JSON line per call, billed or refused' },
];
