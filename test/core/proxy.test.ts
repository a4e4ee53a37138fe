import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { isLoopback, type ProxySettings, proxyNames, proxyOf } from '../../src/core/proxy.js';

const settings = (env: Record<string, string>): ProxySettings => loadConfig(env).proxies;
const wayTo = (url: string, env: Record<string, string>) => proxyOf(new URL(url), settings(env))?.variable ?? 'direct';

const BOTH = { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:2' };

describe('proxyOf', () => {
  it.each([
    ['https://api.example.com/v1', 'HTTPS_PROXY'],
    ['http://api.example.com/v1', 'HTTP_PROXY'],
    ['http://192.168.1.5:8000/v1', 'HTTP_PROXY'],
    ['http://127.0.0.1:11434/v1', 'direct'],
    ['http://127.9.8.7/v1', 'direct'],
    ['https://localhost/v1', 'direct'],
    ['http://model.localhost/v1', 'direct'],
    ['http://[::1]:8000/v1', 'direct'],
    ['https://127.0.0.1.example.com/v1', 'HTTPS_PROXY'],
  ])('%s -> %s', (url, way) => expect(wayTo(url, BOTH)).toBe(way));

  it.each([
    ['api.example.com', 'direct'],
    ['API.Example.com', 'direct'],
    ['example.com', 'direct'],
    ['.example.com', 'direct'],
    ['*.example.com', 'direct'],
    ['other.com, example.com', 'direct'],
    ['other.com example.com:443', 'direct'],
    ['*', 'direct'],
    ['example.com:8443', 'HTTPS_PROXY'],
    ['ample.com', 'HTTPS_PROXY'],
    ['api.example.com.evil', 'HTTPS_PROXY'],
    ['', 'HTTPS_PROXY'],
  ])('NO_PROXY=%s -> %s', (none, way) => {
    expect(wayTo('https://api.example.com/v1', { ...BOTH, NO_PROXY: none })).toBe(way);
    expect(wayTo('https://api.example.com/v1', { ...BOTH, no_proxy: none })).toBe(way);
  });

  it.each([
    ['10.0.0.0/8', 'direct'],
    ['10.1.2.0/24', 'direct'],
    ['10.1.2.3', 'direct'],
    ['0.0.0.0/0', 'direct'],
    ['10.1.3.0/24', 'HTTP_PROXY'],
    ['10.1.2.0/33', 'HTTP_PROXY'],
  ])('a network, NO_PROXY=%s -> %s', (none, way) => {
    expect(wayTo('http://10.1.2.3:8000/v1', { ...BOTH, NO_PROXY: none })).toBe(way);
  });

  it('small letters before large ones; without a scheme it is http; https alone says nothing of http', () => {
    expect(settings({ ...BOTH, https_proxy: 'proxy:3128' }).https).toEqual({ url: 'http://proxy:3128', variable: 'https_proxy' });
    expect(wayTo('http://api.example.com/', { HTTPS_PROXY: 'http://p:1' })).toBe('direct');
    expect(settings({ HTTPS_PROXY: ' ' }).https).toBeNull();
  });
});

it('proxyNames: never a password', () => {
  expect(proxyNames(settings({ HTTPS_PROXY: 'http://ada:secret@p:1', http_proxy: '::' }))).toBe(
    'HTTPS_PROXY (p:1) and http_proxy (no address that can be read)',
  );
  expect(proxyNames(settings({}))).toBeNull();
});

it('isLoopback: names and addresses of this machine alone', () => {
  expect(['localhost', 'LOCALHOST.', '127.0.0.1', '[::1]'].every(isLoopback)).toBe(true);
  expect(['local', 'localhost.example', '128.0.0.1', '127.0.0', '127.0.0.256'].some(isLoopback)).toBe(false);
});
