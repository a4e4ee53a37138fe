import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HomeHost } from '../../../src/client/host/home-host.js';
import type { Config } from '../../../src/config.js';
import { SwarmError } from '../../../src/core/errors.js';
import { ensureHome } from '../../../src/home.js';
import { encodeLine, type HostInfo, type HostReply, type HostRequest, readMessages } from '../../../src/host-protocol.js';
import type { Store } from '../../../src/store/port/store.js';
import { endHomes, newConfig } from '../../host/host-support.js';

const INFO = { pid: 1, temporalAddress: '127.0.0.1:9', namespace: 'default' } as HostInfo;

let config: Config;
let server: Server;
/** Hosts that are still to die when they are asked to attach. */
let deaths = 0;
let hellos = 0;
let host: HomeHost;

function serve(socket: Socket): void {
  const send = (reply: HostReply) => socket.write(encodeLine(reply));
  readMessages(socket, (value) => {
    const request = value as HostRequest;
    if (request.type === 'hello') {
      hellos += 1;
      send({ type: 'ready', info: INFO, settings: { maxDailyCost: null, others: [] } });
    } else if (request.type === 'attach' && deaths > 0) {
      deaths -= 1;
      socket.destroy();
    } else send({ type: 'done' });
  });
}

beforeEach(async () => {
  config = await newConfig();
  const { socket } = ensureHome(config.home);
  [deaths, hellos] = [0, 0];
  server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  host = new HomeHost(config, {} as Store, undefined);
});

afterEach(async () => {
  await host.close();
  await new Promise((resolve) => server.close(resolve));
  await endHomes();
});

it('four hosts in a row die under one request -> it is made through the fifth', async () => {
  deaths = 4;
  await host.through(({ host: reached }) => reached.attach('r'));
  expect(hellos).toBe(5);
});

it('every host dies under it -> E_HOST_GONE after six of them', async () => {
  deaths = 100;
  await expect(host.through(({ host: reached }) => reached.attach('r'))).rejects.toMatchObject({ code: 'E_HOST_GONE' });
  expect(hellos).toBe(6);
});

it('the host lives and refuses -> thrown at once', async () => {
  const refusal = new SwarmError({ code: 'E_NO_WORKER', found: 'nobody polls' });
  let times = 0;
  const asked = host.through(async () => {
    times += 1;
    throw refusal;
  });
  await expect(asked).rejects.toBe(refusal);
  expect(times).toBe(1);
});

it('Temporal is away for a moment under a host that lives -> asked again, of the same host; a cluster that is away -> thrown', async () => {
  const away = () => new SwarmError({ code: 'E_TEMPORAL_UNREACHABLE', found: 'away' });
  let times = 0;
  const work = async () => {
    times += 1;
    if (times === 1) throw away();
  };
  await host.through(work);
  expect([times, hellos]).toEqual([2, 1]);
  const cluster = new HomeHost({ ...config, externalTemporal: true }, {} as Store, undefined);
  times = 0;
  await expect(cluster.through(work)).rejects.toMatchObject({ code: 'E_TEMPORAL_UNREACHABLE' });
  expect(times).toBe(1);
  await cluster.close();
});
