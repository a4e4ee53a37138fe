import { describe, expect, test } from 'vitest';
import { readApiBase, wireOfBase } from '../../src/intake/api-base.js';

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

describe('the wire and the version of a base', () => {
  test.each([
    ['https://api.openai.com', 'chat', 'https://api.openai.com/v1'],
    ['https://api.openai.com/v1/', 'chat', 'https://api.openai.com/v1'],
    ['https://api.groq.com', 'chat', 'https://api.groq.com/openai/v1'],
    ['https://api.groq.com/openai', 'chat', 'https://api.groq.com/openai/v1'],
    ['https://api.deepseek.com', 'chat', 'https://api.deepseek.com'],
    ['https://api.deepseek.com/v1', 'chat', 'https://api.deepseek.com/v1'],
    ['https://api.deepseek.com/anthropic', 'anthropic', 'https://api.deepseek.com/anthropic/v1'],
    ['https://api.anthropic.com', 'anthropic', 'https://api.anthropic.com/v1'],
    ['https://api.anthropic.com/v1/messages', 'anthropic', 'https://api.anthropic.com/v1'],
    ['https://api.anthropic.com/v1/chat/completions', 'chat', 'https://api.anthropic.com/v1'],
    ['https://api.openai.com/v1/responses', 'responses', 'https://api.openai.com/v1'],
    ['https://openrouter.ai/api/v1/chat/completions', 'chat', 'https://openrouter.ai/api/v1'],
    ['https://generativelanguage.googleapis.com', 'gemini', 'https://generativelanguage.googleapis.com/v1beta'],
    ['https://generativelanguage.googleapis.com/v1beta', 'gemini', 'https://generativelanguage.googleapis.com/v1beta'],
    [
      'https://generativelanguage.googleapis.com/v1beta/openai/',
      'chat',
      'https://generativelanguage.googleapis.com/v1beta/openai',
    ],
    ['https://gate.example', 'chat', 'https://gate.example/v1'],
    ['https://gate.example/openai', 'chat', 'https://gate.example/openai'],
    ['https://gate.example/chat/completions', 'chat', 'https://gate.example'],
    [
      'https://x.openai.azure.com/openai/deployments/d?api-version=1',
      'chat',
      'https://x.openai.azure.com/openai/deployments/d?api-version=1',
    ],
    ['https://x.openai.azure.com', 'chat', 'https://x.openai.azure.com/openai/v1'],
    ['https://x.openai.azure.com/openai/', 'chat', 'https://x.openai.azure.com/openai/v1'],
    ['https://x.services.ai.azure.com/openai/v1/chat/completions', 'chat', 'https://x.services.ai.azure.com/openai/v1'],
    ['https://x.services.ai.azure.com/models?api-version=1', 'chat', 'https://x.services.ai.azure.com/models?api-version=1'],
  ] as const)('%s -> %s at %s', (given, wire, base) => {
    expect(wireOfBase(given)).toBe(wire);
    expect(baseOf(given)).toBe(base);
  });

  test.each([
    ['anthropic', 'https://gate.example/anthropic', 'https://gate.example/anthropic/v1'],
    ['anthropic', 'https://gate.example/v1', 'https://gate.example/v1'],
    ['gemini', 'https://gate.example', 'https://gate.example/v1beta'],
    ['gemini', 'https://gate.example/v1alpha', 'https://gate.example/v1alpha'],
    ['gemini', 'https://gate.example/v1/models/m:generateContent', 'https://gate.example/v1'],
    ['gemini', 'https://gate.example/publishers/google', 'https://gate.example/publishers/google/v1beta'],
    [
      'gemini',
      'https://aiplatform.googleapis.com/v1/publishers/google',
      'https://aiplatform.googleapis.com/v1/publishers/google',
    ],
    [
      'gemini',
      'https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m:generateContent',
      'https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google',
    ],
    [
      'gemini',
      'https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/',
      'https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google',
    ],
    ['responses', 'https://gate.example', 'https://gate.example/v1'],
    ['responses', 'https://gate.example/v1/responses', 'https://gate.example/v1'],
    ['responses', 'https://x.openai.azure.com', 'https://x.openai.azure.com/openai/v1'],
    ['anthropic', 'https://x.services.ai.azure.com/anthropic', 'https://x.services.ai.azure.com/anthropic/v1'],
    ['ollama', 'https://ollama.com/api', 'https://ollama.com'],
    ['ollama', 'http://localhost:11434/api/chat', 'http://localhost:11434'],
    ['ollama', 'http://localhost:11434/api', 'http://localhost:11434'],
    ['ollama', 'http://localhost:11434/v1', 'http://localhost:11434'],
    ['ollama', 'https://gate.example/ollama', 'https://gate.example/ollama'],
  ] as const)('worker_wire %s at %s -> %s', (wire, given, base) => {
    expect(readApiBase(given, false, wire)).toMatchObject({ apiBase: base });
  });

  test.each([
    ['ollama', 'http://gpu-box:11434', 'ollama'],
    ['ollama', 'http://gpu-box:11434/v1', 'chat'],
    ['vllm', 'http://gpu-box:8000', 'chat'],
    ['gemini', 'https://gate.example/v1', 'chat'],
    ['mine', 'http://gpu-box:11434', 'chat'],
  ])('wireOfBase: a model of %s at %s -> %s', (prefix, given, wire) => {
    expect(wireOfBase(given, prefix)).toBe(wire);
  });
});
