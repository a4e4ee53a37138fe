/** `swarm temporal` and the library's own connection speak to this home's server alone, whatever else listens and whatever is set. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let foreign: Server;
let connections = 0;

beforeAll(async () => {
  home = await SwarmHome.create();
  foreign = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => foreign.listen(Number(home.env['SWARM_TEMPORAL_PORT']), '127.0.0.1', resolve));
});
afterAll(async () => {
  foreign?.close();
  await home?.close();
});

/** Visibility is a moment behind. */
async function untilListed(args: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown[]> {
  for (let look = 0; ; look += 1) {
    const found = JSON.parse((await home.run(args, 0, env)).stdout) as unknown[];
    if (found.length > 0 || look === 20) return found;
  }
}

it('no host, another server at its port, a key and a profile of the user -> the host is started, its own server answers', async () => {
  const config = join(home.folder, 'config');
  mkdirSync(join(config, 'temporalio'), { recursive: true });
  writeFileSync(
    join(config, 'temporalio', 'temporal.toml'),
    '[profile.default]\napi_key = "of-a-cloud"\nnamespace = "mine.acct"\n',
  );
  const env = {
    XDG_CONFIG_HOME: config,
    TEMPORAL_API_KEY: 'of-a-cloud',
    TEMPORAL_NAMESPACE: 'mine.acct',
    TEMPORAL_TLS: 'true',
    TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/client.pem',
  };
  const listed = await home.run(['temporal', 'workflow', 'list', '--output', 'json'], 0, env);
  expect(listed.stderr).toContain('starting the host of');
  expect(JSON.parse(listed.stdout)).toEqual([]);
  expect(home.host()?.temporalAddress).not.toBe(`127.0.0.1:${home.env['SWARM_TEMPORAL_PORT']}`);

  // The same settings, a whole run: the host and its worker have no use for them either.
  const files = home.task('with-a-key', { worker_model: 'sim/quick' }, ['a', 'b']);
  await home.run(['stop']);
  const ran = await home.run(['run', files.path], 0, env);
  expect(files.out.ok()).toHaveLength(2);
  const { run } = files.out.receipt();
  expect(ran.stderr).toContain(`/namespaces/default/workflows/${encodeURIComponent(`${run}/e1`)}`);

  // As Temporal's own tools see it afterwards.
  const query = `SwarmRun = "${run}" AND SwarmState = "completed"`;
  const found = await untilListed(['temporal', 'workflow', 'list', '--query', query, '--output', 'json'], env);
  expect(found).toHaveLength(1);
  const described = JSON.parse(
    (await home.run(['temporal', 'workflow', 'describe', '-w', `${run}/e1`, '--output', 'json'], 0, env)).stdout,
  );
  expect(described.pendingActivities ?? []).toEqual([]);
  expect(connections).toBe(0);
});
