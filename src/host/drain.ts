/** How the worker of a host that stops ends. */
import type { WorkerHandle } from '../worker/start-worker.js';

/** Time for calls under way, in ms. */
const GRACE_MS = 30_000;

/** `hurry`: aborted when they get no more time. */
export async function drain(worker: Pick<WorkerHandle, 'shutdown'>, hurry: AbortSignal): Promise<void> {
  const hurried = new Promise<void>((resolve) => {
    if (hurry.aborted) resolve();
    hurry.addEventListener('abort', () => resolve(), { once: true });
  });
  const drained = worker.shutdown(GRACE_MS);
  await Promise.race([drained, hurried.then(() => worker.shutdown(0))]);
}
