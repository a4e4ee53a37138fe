import { describe, expect, it } from 'vitest';
import { throughDeaths } from '../../src/host/through-deaths.js';

/** A server that dies when told, and is back after a moment. */
function aServer() {
  const server = {
    deaths: 0,
    isUp: true,
    gaveUp: new Promise<never>(() => undefined) as Promise<never>,
    die(backAfterMs: number) {
      server.deaths += 1;
      server.isUp = false;
      setTimeout(() => {
        server.isUp = true;
      }, backAfterMs);
    },
  };
  return server;
}

describe('throughDeaths', () => {
  it('the server dies three times under the work -> done once it is back for the fourth', async () => {
    const server = aServer();
    const up: boolean[] = [];
    const done = await throughDeaths(server, async () => {
      up.push(server.isUp);
      if (up.length < 4) {
        // Shows a moment after the request failed.
        setTimeout(() => server.die(60), 30);
        throw new Error('14 UNAVAILABLE');
      }
      return 'done';
    });
    expect([done, up]).toEqual(['done', [true, true, true, true]]);
  });

  it('it fails while the server lives, or the server is not ours -> thrown, not done again', async () => {
    for (const server of [aServer(), null]) {
      let times = 0;
      const work = async () => {
        times += 1;
        throw new Error('a defect');
      };
      await expect(throughDeaths(server, work)).rejects.toThrow('a defect');
      expect(times).toBe(1);
    }
  });

  it('the server is down when the work is to begin -> it begins when the server is back', async () => {
    const server = aServer();
    server.die(80);
    expect(await throughDeaths(server, async () => server.isUp)).toBe(true);
  });

  it('the server is given up -> its error', async () => {
    const server = aServer();
    const work = async () => {
      server.die(60_000);
      server.gaveUp = Promise.resolve(new Error('it does not start')) as never;
      throw new Error('14 UNAVAILABLE');
    };
    await expect(throughDeaths(server, work)).rejects.toThrow('it does not start');
  });
});
