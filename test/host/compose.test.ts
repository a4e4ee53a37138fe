/** docker-compose.yml says what the embedded server and the test cluster do. Its scripts and settings run in test/e2e/cluster.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DYNAMIC_CONFIG, EMBEDDED_NAMESPACE, RETENTION_HOURS, SEARCH_ATTRIBUTES } from '../../src/host/temporal/settings.js';
import { packageRoot } from '../../src/package-info.js';
import { compose, dynamicConfig, service, serviceCommand, serviceEnvironment } from '../support/compose.js';

const read = (...path: string[]) => readFileSync(join(packageRoot, ...path), 'utf8');
const namespaceScript = () => serviceCommand('temporal-namespace').join('\n');

it('docker-compose.yml: every image -> pinned to a version', () => {
  const images = Object.values(compose.services).map(({ image }) => image);
  expect(images.filter((image) => !/:(\d+\.\d+(\.\d+)?[\w.-]*|local)$/.test(image))).toEqual([]);
  expect(images).toHaveLength(6);
});

it('docker-compose.yml: Temporal images -> of the release line that tools/temporal builds, all of one set', () => {
  const [, line] = /go\.temporal\.io\/server v(\d+\.\d+)\./.exec(read('tools', 'temporal', 'go.mod')) ?? [];
  const versions = ['temporal', 'temporal-schema', 'temporal-namespace'].map((name) => service(name).image.split(':')[1]);
  expect(new Set(versions).size).toBe(1);
  expect(versions[0]).toMatch(new RegExp(`^${line?.replace('.', '\\.')}\\.\\d+$`));
});

it('docker-compose.yml: every published port -> on loopback only', () => {
  const ports = Object.values(compose.services).flatMap(({ ports: published }) => published ?? []);
  expect(ports.length).toBeGreaterThan(0);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

it('docker-compose.yml: dynamic configuration -> that of the embedded server', () => {
  expect(dynamicConfig()).toEqual(DYNAMIC_CONFIG);
});

it('docker-compose.yml: namespace step -> name, retention and search attributes of the embedded server', () => {
  expect(serviceEnvironment('temporal-namespace')['TEMPORAL_NAMESPACE']).toBe(EMBEDDED_NAMESPACE);
  expect(namespaceScript()).toContain(`--retention ${RETENTION_HOURS}h`);
  const [, names] = /for name in ([\w ]+); do/.exec(namespaceScript()) ?? [];
  expect(names?.split(' ')).toEqual([...SEARCH_ATTRIBUTES]);
});

it('docker-compose.yml: databases -> the schema step makes those that the server opens, with one user and password', () => {
  const server = serviceEnvironment('temporal');
  const schema = serviceEnvironment('temporal-schema');
  const [, pairs] = /for pair in ([\w: ]+); do/.exec(serviceCommand('temporal-schema').join('\n')) ?? [];
  expect(pairs?.split(' ')).toEqual([`${server['DBNAME']}:temporal`, `${server['VISIBILITY_DBNAME']}:visibility`]);
  expect([schema['SQL_PLUGIN'], schema['SQL_HOST'], schema['SQL_PORT']]).toEqual([
    server['DB'],
    server['POSTGRES_SEEDS'],
    server['DB_PORT'],
  ]);
  expect([schema['SQL_USER'], schema['SQL_PASSWORD']]).toEqual([server['POSTGRES_USER'], server['POSTGRES_PWD']]);
});

it('docker-compose.yml: worker -> the server of this file, the store in its database, no namespace of its own', () => {
  const { TEMPORAL_ADDRESS: address, SWARM_DATABASE_URL: store, ...others } = serviceEnvironment('worker');
  const database = serviceEnvironment('postgres');
  expect(address).toBe(serviceEnvironment('temporal-namespace')['TEMPORAL_ADDRESS']);
  expect(store).toBe(
    `postgres://${database['POSTGRES_USER']}:${database['POSTGRES_PASSWORD']}@postgres:5432/${database['POSTGRES_DB']}`,
  );
  expect(Object.keys(others)).toEqual(['SWARM_TASK_ROOTS']);
});

it('Dockerfile: base images -> one pinned Debian image of the Node that package.json asks for', () => {
  const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
  expect(new Set(bases).size).toBe(1);
  expect(bases[0]).toMatch(/^node:20\.(19|[2-9]\d)\.\d+-bookworm-slim$/);
});
