import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOfHostLog, logSize } from '../src/client/host/log.js';
import { encodeLine, LONGEST_LINE, lineDecoder } from '../src/host-protocol.js';

const settings = { maxDailyCost: null, place: {}, route: {} };

describe('lineDecoder', () => {
  it('chunks cut anywhere -> whole values in order', () => {
    const text = encodeLine({ type: 'hello', version: '1', settings }) + encodeLine({ type: 'attach', run: 'ä\n' });
    const values: unknown[] = [];
    const decode = lineDecoder((value) => values.push(value));
    for (const letter of text) decode(letter);
    expect(values).toEqual([
      { type: 'hello', version: '1', settings },
      { type: 'attach', run: 'ä\n' },
    ]);
  });

  it('not JSON, or a line without end -> throws', () => {
    const decode = lineDecoder(() => undefined);
    expect(() => decode('nope\n')).toThrow();
    expect(() => lineDecoder(() => undefined)('x'.repeat(LONGEST_LINE + 1))).toThrow('line too long');
  });
});

describe('endOfHostLog', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('JSON lines and plain ones -> the last messages after an offset', () => {
    const path = join(folder, 'host.log');
    const earlier = '{"msg":"of an earlier host"}\n';
    writeFileSync(
      path,
      `${earlier}{"msg":"one"}\n{"msg":"two","err":{"message":"why"}}\nError: plain\n\n{"msg":"E_X: said why","err":{"message":"why"}}\n`,
    );
    expect(endOfHostLog(path, 3, earlier.length)).toEqual(['two: why', 'Error: plain', 'E_X: said why']);
    expect(endOfHostLog(path, 9, earlier.length)[0]).toBe('one');
    expect(endOfHostLog(path, 9, 1e9)[0]).toBe('of an earlier host');
    expect(logSize(path)).toBeGreaterThan(earlier.length);
  });

  it('no log -> nothing', () => {
    expect(endOfHostLog(join(folder, 'none'), 3)).toEqual([]);
    expect(logSize(join(folder, 'none'))).toBe(0);
  });
});
