/** A server of the providers' APIs that this project did not write, and an adapter that speaks every wire: for the tests of one file. */
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ModelAdapter } from '../../src/llm/port.js';
import { createSdkAdapter } from '../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../src/llm/wires/all-wires.js';

/** It knows no answer and no request at the start of each test. */
export function foreignMock(): { mock: LLMock; adapter: ModelAdapter } {
  const mock = new LLMock({ port: 0, host: '127.0.0.1' });
  const adapter = createSdkAdapter(ALL_WIRES);
  beforeAll(async () => {
    await mock.start();
  });
  beforeEach(() => {
    mock.clearFixtures();
    mock.clearRequests();
  });
  afterAll(async () => {
    await mock.stop();
    await adapter.close();
  });
  return { mock, adapter };
}
