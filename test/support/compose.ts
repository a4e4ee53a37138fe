/** docker-compose.yml as tests read it: the test cluster runs its very scripts and settings, so that they cannot drift. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-info.js';

interface Service {
  image: string;
  ports?: string[];
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
}

interface ComposeFile {
  services: Record<string, Service>;
  configs: Record<string, { content: string }>;
}

export const compose = parse(readFileSync(join(packageRoot, 'docker-compose.yml'), 'utf8')) as ComposeFile;

export function service(name: string): Service {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** The program and arguments that a service runs, as the shell in the container gets them. */
export function serviceCommand(name: string): string[] {
  const { entrypoint = [], command = [] } = service(name);
  return [...entrypoint, ...command].map((part) => part.replaceAll('$$', '$'));
}

/** Environment of a service, with the defaults of its variables. */
export function serviceEnvironment(name: string): Record<string, string> {
  const withDefaults = (value: string) => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  return Object.fromEntries(
    Object.entries(service(name).environment ?? {}).map(([key, value]) => [key, withDefaults(String(value))]),
  );
}

/** Text of the server's dynamic configuration. */
export function dynamicConfigFile(): string {
  const { content } = compose.configs['temporal-dynamic-config'] ?? {};
  if (content === undefined) throw new Error('docker-compose.yml has no temporal-dynamic-config');
  return content;
}

/** The same by key; every key has one value for everything. */
export function dynamicConfig(): Record<string, unknown> {
  const file = parse(dynamicConfigFile()) as Record<string, { value: unknown; constraints?: unknown }[]>;
  return Object.fromEntries(
    Object.entries(file).map(([key, values]) => {
      const [only, ...others] = values;
      if (only === undefined || others.length > 0 || only.constraints !== undefined) throw new Error(`${key} has constraints`);
      return [key, only.value];
    }),
  );
}
