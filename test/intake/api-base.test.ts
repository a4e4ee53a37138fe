import { describe, expect, test } from 'vitest';
import { readApiBase } from '../../src/intake/api-base.js';

const faultOf = (given: string, allowHttp = false) => {
  const read = readApiBase(given, allowHttp);
  if (!('fault' in read)) throw new Error(`read as ${read.apiBase}`);
  return read.fault;
};
const baseOf = (given: string, allowHttp = false) => {
  const read = readApiBase(given, allowHttp);
  if ('fault' in read) throw new Error(read.fault.found);
  return read.apiBase;
};

describe('plain http', () => {
  test.each(['http://localhost:8000/v1', 'http://127.0.0.1:8000/v1', 'http://[::1]:8000/v1', 'http://api.localhost/v1'])(
    'readApiBase: %s, this machine -> read',
    (given) => {
      expect(baseOf(given)).toBe(given);
    },
  );

  const own = [
    'http://10.0.0.5:8000/v1',
    'http://172.16.0.9/v1',
    'http://172.31.255.1/v1',
    'http://192.168.1.20:11434/v1',
    'http://169.254.3.4/v1',
    'http://100.64.1.2:8000/v1',
    'http://[fd12:3456::1]:8000/v1',
    'http://[fe80::1]/v1',
    'http://gpu-box:11434/v1',
    'http://ollama/v1',
    'http://llm.local:8080/v1',
    'http://models.svc.internal/v1',
  ];
  test.each(own)('readApiBase: %s, a network of one’s own -> refused, allow_http named; with it read and noted', (given) => {
    const { code, found, fix } = faultOf(given);
    expect(code).toBe('E_API_BASE_PLAINTEXT');
    expect(found).toContain(new URL(given).host);
    expect(fix).toMatch(/^add the line "allow_http: true"/);
    expect(baseOf(given, true)).toBe(given);
    expect((readApiBase(given, true) as { notes: string[] }).notes).toEqual([
      `allow_http: prompts and the key go to ${new URL(given).host} in plain http`,
    ]);
  });

  test.each([
    'http://api.example.com/v1',
    'http://8.8.8.8/v1',
    'http://172.32.0.1/v1',
    'http://100.128.0.1/v1',
    'http://[2001:db8::1]/v1',
  ])('readApiBase: %s, a public address -> refused, https first', (given) => {
    const { code, fix } = faultOf(given);
    expect(code).toBe('E_API_BASE_PLAINTEXT');
    expect(fix).toMatch(/^use https.*"allow_http: true" sends them over the public network/);
    expect(baseOf(given, true)).toBe(given);
  });

  test('readApiBase: https -> no note', () => {
    expect(readApiBase('https://api.example.com/v1/', true)).toEqual({ apiBase: 'https://api.example.com/v1', notes: [] });
  });
});

describe('a query', () => {
  test.each([
    ['https://x.openai.example/openai/deployments/d?api-version=2026-01-01', undefined],
    ['https://x.openai.example/openai/deployments/d/?api-version=2026-01-01', undefined],
    ['https://x.openai.example/openai/deployments/d/chat/completions?api-version=2026-01-01', undefined],
  ])('readApiBase: %s -> it stays behind the path', (given) => {
    expect(baseOf(given)).toBe('https://x.openai.example/openai/deployments/d?api-version=2026-01-01');
  });

  test.each(['key', 'api_key', 'api-key', 'subscription-key', 'access_token', 'token', 'code', 'sig', 'KEY'])(
    'readApiBase: a key as ?%s= -> refused, its value not shown',
    (name) => {
      const fault = faultOf(`https://api.example.com/v1?a=b&${name}=hidden-value-1`);
      expect(fault.code).toBe('E_API_BASE');
      expect(fault.found).toContain(`"${name}"`);
      expect(JSON.stringify(fault)).not.toContain('hidden-value-1');
    },
  );

  test('readApiBase: a key under another name -> refused by its form', () => {
    const fault = faultOf('https://api.example.com/v1?user=sk-0123456789abcdef');
    expect(JSON.stringify(fault)).not.toContain('0123456789abcdef');
  });

  test('readApiBase: a fragment -> refused', () => {
    expect(faultOf('https://api.example.com/v1#a').code).toBe('E_API_BASE');
  });
});
