import { describe, expect, it } from 'vitest';
import { type HostSettings, otherPlace, settingsAnswer, toldDifferences } from '../../src/core/host-settings.js';

const none: HostSettings = { maxDailyCost: null, place: {}, route: {} };
const cap = (usd: number, timeZone = 'UTC'): HostSettings => ({ ...none, maxDailyCost: { usd, timeZone } });
const told = (here: HostSettings, there: HostSettings) => toldDifferences(settingsAnswer(here, there), here, 12);

describe('settings of a command and its host', () => {
  it('the same, or a lower cap of the command, which holds for its run -> no word', () => {
    expect(told(none, none)).toEqual([]);
    expect(told(cap(0.25), none)).toEqual([]);
    expect(told(cap(0.25), cap(2))).toEqual([]);
    const route = { ...none, route: { HTTPS_PROXY: 'http://u:secret@p' } };
    expect(told(route, route)).toEqual([]);
  });

  it('a lower cap of the host -> it holds, and what to do', () => {
    const line =
      'the host (pid 12) was started with SWARM_MAX_DAILY_COST=0.25 (days of Europe/Berlin): it holds, as the lower one; to change that: swarm stop, then this command again';
    expect(told(none, cap(0.25, 'Europe/Berlin'))).toEqual([line]);
    expect(told(cap(2), cap(0.25, 'Europe/Berlin'))).toEqual([line]);
  });

  it('another route to the provider -> each variable by its name, no value', () => {
    const here = { ...none, route: { HTTPS_PROXY: 'http://u:secret@p', NO_PROXY: 'a' } };
    const there = { ...none, route: { NO_PROXY: 'b', NODE_EXTRA_CA_CERTS: '/secret' } };
    const lines = told(here, there);
    expect(lines.map((line) => line.split(' (pid 12)')[0])).toEqual([
      'HTTPS_PROXY is set here, and was not where the host was started',
      'NODE_EXTRA_CA_CERTS is not set here, and was where the host was started',
      'NO_PROXY is another one than where the host was started',
    ]);
    expect(lines.join()).not.toContain('secret');
    expect(otherPlace(settingsAnswer(here, there), 12)).toBeNull();
  });

  it('another database or another Temporal -> an error: the host would never hear of the run', () => {
    const here = { ...none, place: { SWARM_DATABASE_URL: 'postgres://u:secret@a' } };
    const error = otherPlace(settingsAnswer(here, none), 12);
    expect(error).toMatchObject({ code: 'E_HOST_SETTINGS', exitCode: 4 });
    expect(error?.message).toContain('SWARM_DATABASE_URL is set here');
    expect(error?.message).not.toContain('secret');
    const cluster = { ...none, place: { TEMPORAL_ADDRESS: 'c:7233' } };
    expect(otherPlace(settingsAnswer(none, cluster), 12)?.message).toContain('TEMPORAL_ADDRESS is not set here');
  });
});
