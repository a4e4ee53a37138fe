/** A program on a disk of its own that is small enough to fill: a tmpfs in a mount namespace, which needs no rights where users may make one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Why there can be no small disk here; null when there can. */
export function noSmallDisk(): string | null {
  const tried = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt'], { encoding: 'utf8' });
  if (tried.error) return `unshare cannot be started (${tried.error.message})`;
  return tried.status === 0 ? null : `unshare -rm and mount: ${tried.stderr.trim().split('\n').at(-1)}`;
}

export interface SmallDiskResult {
  code: number | null;
  text: string;
}

/** Shell words of a script: `disk` is mounted, `fill` takes all room of it, `empty` gives it back. */
const WORDS = `
fill() { dd if=/dev/zero of="$DISK/fill" bs=64k 2>/dev/null; dd if=/dev/zero of="$DISK/fill2" bs=512 2>/dev/null; true; }
empty() { rm -f "$DISK/fill" "$DISK/fill2"; }
`;

/** Runs a bash script with a tmpfs of `size` at `disk` (an existing folder), seen by it and its children alone. */
export function onSmallDisk(
  disk: string,
  size: string,
  script: string,
  options: { cwd: string; env: NodeJS.ProcessEnv; ms: number },
): Promise<SmallDiskResult> {
  const all = `mount -t tmpfs -o size=${size} tmpfs "$DISK" || exit 99\n${WORDS}\n${script}`;
  const child: ChildProcess = spawn('unshare', ['-rm', 'bash', '-c', all], {
    cwd: options.cwd,
    env: { ...options.env, DISK: disk },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part: string) => (text += part));
  const late = setTimeout(() => child.kill('SIGKILL'), options.ms);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(late);
      resolve({ code, text });
    });
  });
}
