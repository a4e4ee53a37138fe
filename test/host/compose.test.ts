import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES } from '../../src/host/temporal-settings.js';
import { packageRoot } from '../../src/package-info.js';

interface Compose {
  services: Record<string, { image: string; ports?: string[]; command?: string[] }>;
}

const read = (name: string) => readFileSync(join(packageRoot, name), 'utf8');
const compose = parse(read('docker-compose.yml')) as Compose;

it('docker-compose.yml: every image -> pinned to a version', () => {
  const images = Object.values(compose.services).map((service) => service.image);
  expect(images.filter((image) => !/:(\d+\.\d+(\.\d+)?[\w.-]*|local)$/.test(image))).toEqual([]);
  expect(images).toHaveLength(6);
});

it('docker-compose.yml: every published port -> on loopback only', () => {
  const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
  expect(ports.length).toBeGreaterThan(0);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

it('docker-compose.yml: namespace step -> creates the search attributes that the host registers', () => {
  const script = compose.services['temporal-namespace']?.command?.join('\n') ?? '';
  for (const name of SEARCH_ATTRIBUTES) expect(script).toContain(name);
});

it('Dockerfile: base images -> one pinned Debian image of the Node that package.json asks for', () => {
  const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
  expect(new Set(bases).size).toBe(1);
  expect(bases[0]).toMatch(/^node:20\.(19|[2-9]\d)\.\d+-bookworm-slim$/);
});
