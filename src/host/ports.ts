/** Free ports on this machine's loopback addresses, and those that no web page finds or reaches. */
import { randomInt } from 'node:crypto';
import { createConnection, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** Distance of the Web UI's port from the frontend's, as the Temporal CLI has it. */
export const UI_OFFSET = 1000;

/** True when a listener could be opened there right now. */
export async function isPortFree(port: number, host: string = LOOPBACK): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
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

/**
 * Ports above 1024 that browsers connect to for nobody ("bad port" of the Fetch standard). What has no check of its own against web pages
 * listens on one of them.
 */
const UNBROWSABLE: readonly number[] = [
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080,
];

/** A free port that no browser connects to, any of them; when all are taken, a free one chosen by the system. */
export async function unbrowsablePort(): Promise<number> {
  const left = [...UNBROWSABLE];
  while (left.length > 0) {
    const [port] = left.splice(randomInt(left.length), 1) as [number];
    if (await isPortFree(port)) return port;
  }
  const [port] = (await freePorts(1)) as [number];
  return port;
}

export interface Place {
  address: string;
  port: number;
}

/**
 * Where no web page finds a listener: on Linux, where all of 127/8 is this machine, a random port of a random one of its 16 million
 * addresses. Elsewhere 127.0.0.1 alone is there: a port that browsers do not connect to.
 */
export async function hidingPlace(platform: string = process.platform): Promise<Place> {
  if (platform === 'linux') {
    const address = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
    const port = randomInt(10_000, 60_000);
    if (await isPortFree(port, address)) return { address, port };
  }
  return { address: LOOPBACK, port: await unbrowsablePort() };
}

/** Whether the frontend's port is free, and its UI port where one is wanted. */
async function areFree(port: number, ui: boolean): Promise<boolean> {
  if (!ui) return await isPortFree(port);
  return port + UI_OFFSET <= 65_535 && (await isPortFree(port)) && (await isPortFree(port + UI_OFFSET));
}

/**
 * The first port from `wanted` on that is free, together with its UI port unless there is to be none; one chosen by the system when 100
 * in a row are taken.
 */
export async function pickPortPair(wanted: number, ui = true): Promise<{ port: number; uiPort: number }> {
  for (let port = wanted; port < wanted + 100 && port <= 65_535; port += 1) {
    if (await areFree(port, ui)) return { port, uiPort: port + UI_OFFSET };
  }
  const [port, uiPort] = (await freePorts(2)) as [number, number];
  return { port, uiPort };
}
