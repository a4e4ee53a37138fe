/** The program of a leash: what it writes is told whole, however soon it ends. */
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { runLeashed } from '../../../src/host/temporal/leash.js';

async function runQuick(text: string): Promise<{ how: string; output: string; pids: number[] }> {
  let output = '';
  const pids: number[] = [];
  const { ended } = runLeashed('/bin/sh', ['-c', `echo "${text}"; exit 3`], {
    cwd: tmpdir(),
    onOutput: (chunk) => {
      output += chunk.toString('utf8');
    },
    onPid: (pid) => pids.push(pid),
  });
  return { how: await ended, output, pids };
}

it('forty programs that end at once, eight at a time -> each one told with its pid, its output and its exit code', async () => {
  for (let round = 0; round < 5; round += 1) {
    const ended = await Promise.all(Array.from({ length: 8 }, (_, n) => runQuick(`said by ${round}-${n}`)));
    for (const [n, { how, output, pids }] of ended.entries()) {
      expect(output).toBe(`said by ${round}-${n}\n`);
      expect(how).toBe('exit code 3');
      expect(pids).toHaveLength(1);
    }
  }
});
