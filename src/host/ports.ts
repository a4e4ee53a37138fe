/** Free ports on the loopback address. */
import { createConnection, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** Distance of the Web UI's port from the frontend's, as the Temporal CLI has it. */
export const UI_OFFSET = 1000;

/** True when a listener could be opened there right now. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: LOOPBACK, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** True when a connection to the port is accepted. */
export async function isListening(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createConnection({ port, host: LOOPBACK });
    const end = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** `count` different free ports, chosen by the system. */
export async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    probes.map(
      (probe) =>
        new Promise<number>((resolve, reject) => {
          probe.once('error', reject);
          probe.listen({ port: 0, host: LOOPBACK, exclusive: true }, () => resolve((probe.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}

async function isPairFree(port: number): Promise<boolean> {
  return port + UI_OFFSET <= 65_535 && (await isPortFree(port)) && (await isPortFree(port + UI_OFFSET));
}

/** The first port from `wanted` on that is free together with its UI port; one chosen by the system when 100 in a row are taken. */
export async function pickPortPair(wanted: number): Promise<{ port: number; uiPort: number }> {
  for (let port = wanted; port < wanted + 100; port += 1) {
    if (await isPairFree(port)) return { port, uiPort: port + UI_OFFSET };
  }
  const [port, uiPort] = (await freePorts(2)) as [number, number];
  return { port, uiPort };
}
