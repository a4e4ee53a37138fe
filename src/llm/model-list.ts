/**
 * The list of models of an endpoint: a request that costs nothing, over the same ways as calls. From the references of the APIs, November 2026.
 */
import { type Fields, fieldsOf, isFields } from '../core/fields.js';
import type { ModelList } from '../core/model-list.js';
import type { ProxySettings } from '../core/proxy.js';
import { safeName } from '../core/redact.js';
import type { WireName } from '../schema/wires.js';
import { noConnection } from './refusals/fault-words.js';
import { taskHeaders } from './task-headers.js';
import { decompress, textOf } from './transport/body-text.js';
import { bodyValues } from './transport/body-values.js';
import { Routes } from './transport/routes.js';
import { TransportFault, WireRequest } from './transport/wire-request.js';
import type { Wires } from './wires/all-wires.js';

/** Whose list is asked for. */
export interface ListedEndpoint {
  wire: WireName;
  apiBase: string;
  /** Goes into the header of its wire alone; null: none is sent. */
  apiKey: string | null;
  /** Headers of the task. */
  headers: Readonly<Record<string, string>>;
}

/** A list of more has others beside. */
const MOST_NAMES = 10_000;

/** From the connection to the last byte. */
const DEADLINE_MS = 5_000;

/** Where a wire has its list, behind its base, and what the request needs beside the key. */
const LISTS: Readonly<Record<WireName, { path: string; query?: [string, string]; headers?: Record<string, string> }>> = {
  chat: { path: '/models' },
  responses: { path: '/models' },
  anthropic: { path: '/models', query: ['limit', '1000'], headers: { 'anthropic-version': '2023-06-01' } },
  gemini: { path: '/models', query: ['pageSize', '1000'] },
  ollama: { path: '/api/tags' },
};

function addressOf({ wire, apiBase }: ListedEndpoint): string {
  const { path, query } = LISTS[wire];
  const url = new URL(apiBase);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
  if (query !== undefined) url.searchParams.set(...query);
  return url.href;
}

/** Never throws; over in 5 s. */
export async function listModels(wires: Wires, endpoint: ListedEndpoint, proxies: ProxySettings): Promise<ModelList> {
  const request = new WireRequest();
  const routes = new Routes(proxies);
  const deadline = setTimeout(() => request.fail('timeout', ''), DEADLINE_MS);
  try {
    const wire = await wires[endpoint.wire]?.();
    if (wire === undefined) return { why: `the wire ${endpoint.wire} is not spoken here` };
    const key = wire.keyAt?.(endpoint) ?? wire.key;
    const headers = {
      accept: 'application/json',
      'user-agent': 'durable-swarm',
      ...LISTS[endpoint.wire].headers,
      ...taskHeaders(endpoint.headers, key.header),
      ...(endpoint.apiKey === null ? {} : { [key.header]: key.value(endpoint.apiKey) }),
    };
    const answer = await request.send(routes.to(addressOf(endpoint)), { method: 'GET', headers });
    if (answer.status !== 200) return { why: refusedBy(answer.status, endpoint.apiKey !== null) };
    const list = namesIn(textOf(await decompress(answer.body, answer.headers), answer.headers));
    return safeList(list, endpoint.apiKey);
  } catch (error) {
    return { why: faultOf(error, endpoint.apiBase) };
  } finally {
    clearTimeout(deadline);
    // Not waited for: a connection that does not come about has a deadline of its own.
    void routes.close();
  }
}

/** People read the names: a server may repeat the key in them, or write to a terminal. */
function safeList(list: ModelList, apiKey: string | null): ModelList {
  if ('why' in list) return list;
  const secrets = apiKey === null ? [] : [apiKey];
  const names = list.names.slice(0, MOST_NAMES).map((name) => safeName(name, secrets));
  return { names, more: list.more || list.names.length > MOST_NAMES };
}

function refusedBy(status: number, hasKey: boolean): string {
  if (status === 401 || status === 403) return `it ${hasKey ? 'refuses the key' : 'wants a key'} (HTTP ${status})`;
  if (status === 404 || status === 405 || status === 501) return `it has none (HTTP ${status})`;
  return `it answered HTTP ${status}`;
}

function faultOf(error: unknown, apiBase: string): string {
  if (!(error instanceof TransportFault)) return 'the request could not be made, or its answer not be read';
  const { kind, reason, proxy } = error;
  if (kind === 'timeout') return `no answer within ${DEADLINE_MS / 1000} s`;
  if (kind === 'connect') return noConnection(apiBase, reason, proxy);
  return kind === 'too-big' ? 'its list is too large' : `the connection ended (${reason || kind})`;
}

/** `{data: [{id}]}` of most, `{models: [{name}]}` of Gemini and Ollama, a bare list of Together. */
function namesIn(body: string): ModelList {
  const { values } = bodyValues(body);
  const root = fieldsOf(values[0]);
  const listed = [root['data'], root['models'], values].find((list) => Array.isArray(list) && list.some(isNamed));
  const isEmpty = [root['data'], root['models']].some((list) => Array.isArray(list) && list.length === 0);
  if (listed === undefined && !isEmpty) return { why: 'its answer is no list of models' };
  const names = new Set(((listed ?? []) as unknown[]).map(fieldsOf).flatMap(namesOf));
  const next = root['nextPageToken'];
  return { names: [...names], more: root['has_more'] === true || (typeof next === 'string' && next !== '') };
}

function isNamed(item: unknown): boolean {
  return isFields(item) && namesOf(item).length > 0;
}

/** Gemini's begin with `models/`; some list their other names beside (Mistral). */
function namesOf({ id, name, model, aliases }: Fields): string[] {
  const own = [id, name, model].find((value) => typeof value === 'string' && value !== '');
  if (own === undefined) return [];
  const others = Array.isArray(aliases) ? aliases.filter((alias) => typeof alias === 'string') : [];
  return [own as string, ...others].map((each) => each.replace(/^models\//, ''));
}
