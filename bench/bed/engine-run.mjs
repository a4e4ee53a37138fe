// @ts-check
/**
 * One run through the library, in a process of its own: prints its wall time from `start` to the published output, as JSON.
 * It is cancelled after `cancelAfterMs` and when stdin ends, whatever it has done by then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../dist/client/index.js';

/** What `connect` goes on with by itself, the connection to Temporal, is there by then. */
const SETTLE_MS = 300;

const { task, seedsFile, cancelAfterMs = null } = JSON.parse(process.argv[2] ?? '{}');
const swarm = await connect();
// The host is up and reached before the clock starts: that is what a warm run means.
await swarm.webUi();
await sleep(SETTLE_MS);
const cpu = process.cpuUsage();
const startedAt = Date.now();
const started = performance.now();
const run = await swarm.start(task, { seedsFile });
const submitted = performance.now();
const cancel = () => void run.cancel().catch(() => undefined);
const timer = cancelAfterMs === null ? null : setTimeout(cancel, cancelAfterMs);
process.stdin.once('end', cancel).resume();
const result = await run.result();
if (timer) clearTimeout(timer);
const wallMs = performance.now() - started;
const { user, system } = process.cpuUsage(cpu);
await swarm.close();
console.log(
  JSON.stringify({
    wallMs,
    startedAt,
    submitMs: submitted - started,
    cpuMs: (user + system) / 1000,
    clientMb: Math.round(process.resourceUsage().maxRSS / 1024),
    ok: result.counts.ok,
    failed: result.counts.failed,
    state: result.state,
  }),
);
process.exit(0);
