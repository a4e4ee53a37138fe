import { describe, expect, it } from 'vitest';

import { embeddedEnvironment, hostEnvironment, hostSettings, loadConfig } from '../src/config.js';

describe('SWARM_MAX_DAILY_COST', () => {
  it('a number -> the cap, in days of SWARM_TIMEZONE; handed on to the host', () => {
    expect(loadConfig({}).maxDailyCost).toBeNull();
    expect(loadConfig({ SWARM_MAX_DAILY_COST: '2.5' }).maxDailyCost).toEqual({ usd: 2.5, timeZone: 'UTC' });
    const config = loadConfig({ SWARM_MAX_DAILY_COST: '10', SWARM_TIMEZONE: 'Europe/Berlin' });
    expect(config.maxDailyCost).toEqual({ usd: 10, timeZone: 'Europe/Berlin' });
    expect(loadConfig(hostEnvironment(config, {})).maxDailyCost).toEqual(config.maxDailyCost);
  });

  it.each(['nan', 'Infinity', '-1', '0', '10,00', ' '])('%j -> E_CAP, never no cap', (text) => {
    expect(() => loadConfig({ SWARM_MAX_DAILY_COST: text })).toThrow(expect.objectContaining({ code: 'E_CAP', exitCode: 2 }));
  });

  it('an unknown zone -> E_TASK_TZ', () => {
    const env = { SWARM_MAX_DAILY_COST: '1', SWARM_TIMEZONE: 'Mars/Phobos' };
    expect(() => loadConfig(env)).toThrow(expect.objectContaining({ code: 'E_TASK_TZ' }));
  });
});

describe('hostSettings', () => {
  it('what a run depends on, by name; proxies in both spellings, the small one first', () => {
    const env = { HTTPS_PROXY: 'http://a', https_proxy: 'http://b', NO_PROXY: 'c', TEMPORAL_ADDRESS: 'd:1', SSL_CERT_DIR: '' };
    expect(hostSettings(loadConfig({}), { TEMPORAL_NAMESPACE: 'of another program' }).place).toEqual({});
    const config = loadConfig({ ...env, SWARM_DATABASE_URL: 'postgres://u:p@e/f', SWARM_MAX_DAILY_COST: '2' });
    expect(hostSettings(config, env)).toEqual({
      maxDailyCost: { usd: 2, timeZone: 'UTC' },
      place: { SWARM_DATABASE_URL: 'postgres://u:p@e/f', TEMPORAL_ADDRESS: 'd:1' },
      route: { HTTPS_PROXY: 'http://b', NO_PROXY: 'c' },
    });
  });

  it('ALL_PROXY, which no call goes by -> is not compared', () => {
    expect(hostSettings(loadConfig({}), { ALL_PROXY: 'http://a', all_proxy: 'http://b' }).route).toEqual({});
  });
});

describe('SWARM_WARN_AT', () => {
  it('a number -> the amount, in days of SWARM_TIMEZONE; anything else -> E_CAP by its name', () => {
    expect(loadConfig({}).warnAt).toBeNull();
    const env = { SWARM_WARN_AT: '1', SWARM_TIMEZONE: 'Europe/Berlin' };
    expect(loadConfig(env).warnAt).toEqual({ usd: 1, timeZone: 'Europe/Berlin' });
    expect(() => loadConfig({ SWARM_WARN_AT: 'soon' })).toThrow(/SWARM_WARN_AT is "soon"/);
  });
});

describe('SWARM_TEMPORAL_...', () => {
  it('nothing set -> the simulated provider alone, no cap, no other base or key', () => {
    const closed = { starts: true, models: ['sim/*'], bases: [], keys: [], maxCostUsd: null };
    expect(loadConfig({}).temporalInputs).toEqual(closed);
    expect(loadConfig({ SWARM_TEMPORAL_MODELS: '', SWARM_TEMPORAL_STARTS: '' }).temporalInputs).toEqual(closed);
  });

  it('lists with commas or blanks, a cap, off -> as they say', () => {
    expect(
      loadConfig({
        SWARM_TEMPORAL_STARTS: 'OFF',
        SWARM_TEMPORAL_MODELS: 'sim/*, openai/gpt-4o-mini',
        SWARM_TEMPORAL_BASES: 'http://127.0.0.1:8000/v1 https://a.example/v1',
        SWARM_TEMPORAL_KEYS: 'MY_KEY',
        SWARM_TEMPORAL_MAX_COST: '0.5',
      }).temporalInputs,
    ).toEqual({
      starts: false,
      models: ['sim/*', 'openai/gpt-4o-mini'],
      bases: ['http://127.0.0.1:8000/v1', 'https://a.example/v1'],
      keys: ['MY_KEY'],
      maxCostUsd: 0.5,
    });
  });

  it('what cannot be read -> an error, never open', () => {
    expect(() => loadConfig({ SWARM_TEMPORAL_STARTS: 'never' })).toThrow(/E_SETTING: SWARM_TEMPORAL_STARTS is "never"/);
    expect(() => loadConfig({ SWARM_TEMPORAL_MAX_COST: '1,00' })).toThrow(/E_CAP: SWARM_TEMPORAL_MAX_COST is "1,00"/);
  });
});

describe('temporal CLI against the embedded server', () => {
  it('a key, a namespace, TLS or a profile of the user -> not handed on', () => {
    const env = {
      PATH: '/bin',
      TEMPORAL_API_KEY: 'secret',
      TEMPORAL_NAMESPACE: 'mine',
      TEMPORAL_TLS: 'true',
      TEMPORAL_GRPC_META_X: 'y',
      TEMPORAL_ENV: 'prod',
    };
    expect(embeddedEnvironment('127.0.0.1:7300', env)).toEqual({ PATH: '/bin', TEMPORAL_ADDRESS: '127.0.0.1:7300' });
  });
});
