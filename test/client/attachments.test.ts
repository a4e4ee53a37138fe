import { beforeEach, expect, it } from 'vitest';
import { Attachments } from '../../src/client/attachments.js';
import { SwarmError } from '../../src/core/errors.js';

/** A host that records what it is told. */
class FakeHost {
  readonly told: string[] = [];
  isGone = false;

  async attach(run: string | null): Promise<void> {
    if (this.isGone) throw new SwarmError({ code: 'E_HOST_GONE', found: 'gone' });
    this.told.push(`attach ${run}`);
  }
  async detach(run: string | null): Promise<void> {
    if (this.isGone) throw new SwarmError({ code: 'E_HOST_GONE', found: 'gone' });
    this.told.push(`detach ${run}`);
  }
}

let host: FakeHost;
let attachments: Attachments<FakeHost>;
beforeEach(() => {
  host = new FakeHost();
  attachments = new Attachments(async () => host);
});

it('attach again and again -> the host is told once, the next host too', async () => {
  const [first, who] = [host, {}];
  for (let i = 0; i < 3; i += 1) expect(await attachments.attach('r', who)).toBe(first);
  host = new FakeHost();
  for (let i = 0; i < 3; i += 1) expect(await attachments.attach('r', who)).toBe(host);
  expect([first.told, host.told]).toEqual([['attach r'], ['attach r']]);
});

it('the host is gone before it answers -> E_HOST_GONE; asked again -> the next one is told', async () => {
  host.isGone = true;
  await expect(attachments.attach('r', {})).rejects.toMatchObject({ code: 'E_HOST_GONE' });
  host.isGone = false;
  await attachments.attach('r', {});
  expect(host.told).toEqual(['attach r']);
});

it('two need a run -> detached when both have released it, once; a host that is gone does not matter', async () => {
  const [one, other] = [{}, {}];
  await attachments.attach('r', one);
  await attachments.attach('r', other);
  attachments.release('r', one);
  attachments.release('r', one);
  expect(host.told).toEqual(['attach r']);
  attachments.release('r', other);
  attachments.release('r', other);
  expect(host.told).toEqual(['attach r', 'detach r']);
  await attachments.attach('r', one);
  host.isGone = true;
  attachments.release('r', one);
});
