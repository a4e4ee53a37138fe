/** The list of models of a task's endpoint, asked for over the same ways as its calls. */
import type { ModelList } from '../core/model-list.js';
import type { ProxySettings } from '../core/proxy.js';
import { listModels } from '../llm/model-list.js';
import { ALL_WIRES } from '../llm/wires/all-wires.js';
import type { Task } from '../schema/task-types.js';

/** `key`: null where the endpoint has none. Never throws; over in 5 s. */
export async function servedModels({ model, headers }: Task, key: string | null, proxies: ProxySettings): Promise<ModelList> {
  const { apiBase, wire = 'chat' } = model;
  // The simulated provider of the host, which takes any name.
  if (apiBase === null) return { why: 'it has no address' };
  return await listModels(ALL_WIRES, { wire, apiBase, apiKey: key, headers }, proxies);
}
