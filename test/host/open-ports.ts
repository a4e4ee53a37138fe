/** What a process listens on, and what an HTTP request gets there: Linux alone, by proc(5). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';

export interface Listener {
  address: string;
  port: number;
}

/** `0100007F:1C41` in /proc/net/tcp; an IPv4 address in tcp6 is its last eight digits. */
function decode(text: string): Listener {
  const [address = '', port = ''] = text.split(':');
  const bytes = address.slice(-8).match(/../g) ?? [];
  return {
    address: bytes
      .reverse()
      .map((byte) => Number.parseInt(byte, 16))
      .join('.'),
    port: Number.parseInt(port, 16),
  };
}

/** Everything that the process listens on by TCP. */
export function listenersOf(pid: number): Listener[] {
  const inodes = new Set<string | undefined>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    inodes.add(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1]);
  }
  const lines = ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/net/${file}`, 'utf8').split('\n').slice(1));
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return fields.filter((line) => line[3] === '0A' && inodes.has(line[9])).map((line) => decode(line[1] ?? ''));
}

/** Status and body of a request with these headers; null when no HTTP answer comes. */
export async function ask(
  { address, port }: Listener,
  path: string,
  options: { headers: Record<string, string>; method?: string; body?: string },
): Promise<{ status: number; body: string; cookies: string[] } | null> {
  return await new Promise((resolve) => {
    const { method = 'GET', headers, body } = options;
    const asked = request({ host: address, port, path, method, headers, agent: false, timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const cookies = response.headers['set-cookie'] ?? [];
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8'), cookies });
      });
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(null));
    asked.end(body);
  });
}
