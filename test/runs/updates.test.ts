import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { withinReach } from '../../src/runs/updates.js';

const grpc = (code: number, details: string) =>
  new ServiceError('Workflow Update failed', {
    cause: Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} }),
  });
const notReady = () => grpc(9, 'Unable to perform workflow execution update due to Workflow Task in failed state.');

describe('withinReach', () => {
  it('workers died with its task -> asked again until a living one has it', async () => {
    let asked = 0;
    await withinReach(async () => {
      asked += 1;
      if (asked < 3) throw notReady();
    });
    expect(asked).toBe(3);
  });

  it('it has closed -> nothing to do; anything else that is wrong -> thrown', async () => {
    await withinReach(() => Promise.reject(new WorkflowNotFoundError('gone', 'w', 'x')));
    await expect(withinReach(() => Promise.reject(grpc(9, 'another precondition')))).rejects.toThrow('Workflow Update failed');
  });
});
