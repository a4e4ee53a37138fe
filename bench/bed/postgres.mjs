// @ts-check
/** A PostgreSQL of its own for a bed, with every commit on the disk; its answers may come later, as over a network. */
import { connect, createServer } from 'node:net';
import { tsImport } from 'tsx/esm/api';

/**
 * The server that the options ask for, null without one. Ends the process after options that do not go together; throws when no server is
 * installed.
 * @param {{store?: string | undefined, 'store-ms': string, 'write-docs': boolean}} options `store-ms`: how much later its answers come
 */
export async function postgresOf(options) {
  const delayMs = Number(options['store-ms']);
  if (![undefined, 'postgres'].includes(options.store) || (options.store ? options['write-docs'] : delayMs > 0)) {
    console.error('--store takes postgres alone; --store-ms goes with it, --write-docs does not');
    process.exit(2);
  }
  if (!options.store) return null;
  /** @type {typeof import('../../test/support/postgres.js')} */
  const support = await tsImport('../../test/support/postgres.ts', import.meta.url);
  const server = await support.startPostgres(['fsync=on', 'full_page_writes=on']);
  if (typeof server === 'string') throw new Error(server);
  const url = new URL(await server.database());
  const line = delayMs === 0 ? null : await delayedLine(server.port, delayMs);
  if (line) url.port = String(line.port);
  const stop = async () => {
    line?.close();
    await server.stop();
  };
  return { delayMs, url: url.href, stop };
}

/** A port of which the answers come later. @param {number} to @param {number} delayMs */
async function delayedLine(to, delayMs) {
  const line = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    near.setNoDelay(true).pipe(far.setNoDelay(true));
    // Timers of one length fire in the order in which they were set.
    far.on('data', (bytes) => setTimeout(() => near.write(bytes), delayMs));
    far.on('close', () => setTimeout(() => near.destroy(), delayMs));
    near.on('close', () => far.destroy());
    for (const end of [near, far]) end.on('error', () => {});
  });
  await new Promise((resolve) => line.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = line.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, close: () => void line.close() };
}
