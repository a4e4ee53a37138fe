/** The wires that are spoken: how the base of each is written, and which fields of a request are its own. From the APIs' references, November 2026. */

export const WIRE_NAMES = ['chat', 'responses', 'anthropic', 'gemini', 'ollama'] as const;
export type WireName = (typeof WIRE_NAMES)[number];

export interface WireFacts {
  /** For people. */
  title: string;
  /** Ends of an address that belong to the request, not to its base. */
  requestPath: RegExp;
  /** What a base without a version gets; '' where the API has none. */
  versionPath: string;
  /** Names of fields may also be written with underscores (`max_output_tokens`): its servers take both. @default false */
  takesUnderscores?: true;
  /**
   * Fields of the body, as in `fields`, that make the call what it is, or let it cost what nobody reserves: other models, tools of the provider,
   * a prompt that is kept there. Neither a task nor its extra_body gives them.
   */
  ownFields: readonly string[];
  /** Values of fields that make all tokens dearer than the price list says: only a task with a price of its own may ask for them. @default none */
  dearer?: Readonly<Record<string, readonly string[]>>;
  /** Names under which some of its servers take what a key sets. @default none */
  otherNames?: Partial<Record<RequestKey, readonly string[]>>;
  /** Fields of the body, one below another with points, that keys of a task set; null: the wire has nothing for the key. */
  fields: Readonly<Record<RequestKey, string | null>>;
}

/** Keys of a task that become fields of a request. */
export const REQUEST_KEYS = [
  'worker_max_tokens',
  'temperature',
  'top_p',
  'seed',
  'stop',
  'reasoning_effort',
  'thinking_budget',
] as const;
export type RequestKey = (typeof REQUEST_KEYS)[number];

export const WIRES: Readonly<Record<WireName, WireFacts>> = {
  chat: {
    title: 'OpenAI Chat Completions',
    requestPath: /\/chat\/completions\/*$/,
    versionPath: '/v1',
    ownFields: [
      'model',
      'messages',
      'stream',
      'stream_options',
      'n',
      'response_format',
      'tools',
      'tool_choice',
      'functions',
      'function_call',
      'prediction',
      'modalities',
      'audio',
      'web_search_options',
      'data_sources',
      // OpenRouter, LiteLLM, xAI; data_sources: Azure.
      'models',
      'fallbacks',
      'plugins',
      'search_parameters',
    ],
    // Groq's and OpenAI's dearer tiers.
    dearer: { service_tier: ['priority', 'performance'] },
    // llama.cpp takes n_predict before max_tokens, inference servers of Hugging Face max_new_tokens.
    otherNames: {
      worker_max_tokens: ['max_completion_tokens', 'max_new_tokens', 'max_output_tokens', 'n_predict'],
      seed: ['random_seed'],
    },
    fields: {
      worker_max_tokens: 'max_tokens',
      temperature: 'temperature',
      top_p: 'top_p',
      seed: 'seed',
      stop: 'stop',
      reasoning_effort: 'reasoning_effort',
      thinking_budget: null,
    },
  },
  responses: {
    title: 'OpenAI Responses',
    requestPath: /\/responses\/*$/,
    versionPath: '/v1',
    ownFields: [
      'model',
      'input',
      'instructions',
      'stream',
      'store',
      'background',
      'conversation',
      'previous_response_id',
      'prompt',
      'text.format',
      'tools',
      'tool_choice',
      'models',
      'plugins',
    ],
    dearer: { service_tier: ['priority', 'performance'] },
    otherNames: { worker_max_tokens: ['max_tokens', 'max_completion_tokens'] },
    fields: {
      worker_max_tokens: 'max_output_tokens',
      temperature: 'temperature',
      top_p: 'top_p',
      seed: null,
      stop: null,
      reasoning_effort: 'reasoning.effort',
      thinking_budget: null,
    },
  },
  anthropic: {
    title: 'Anthropic Messages',
    requestPath: /\/messages\/*$/,
    versionPath: '/v1',
    ownFields: [
      'model',
      'messages',
      'system',
      'stream',
      'output_config.format',
      'output_format',
      'tools',
      'tool_choice',
      'mcp_servers',
      'thinking',
      'cache_control',
      'models',
      'plugins',
    ],
    // platform.claude.com/docs/en/about-claude/pricing, November 2026: six times as much, and a tenth more.
    dearer: { speed: ['fast'], inference_geo: ['us'] },
    fields: {
      worker_max_tokens: 'max_tokens',
      temperature: 'temperature',
      top_p: 'top_p',
      seed: null,
      stop: 'stop_sequences',
      reasoning_effort: 'output_config.effort',
      thinking_budget: 'thinking.budget_tokens',
    },
  },
  gemini: {
    title: 'Gemini generateContent',
    requestPath: /\/models\/[^/]+:(?:generateContent|streamGenerateContent)\/*$/,
    versionPath: '/v1beta',
    // https://protobuf.dev/programming-guides/json: parsers accept both names of a field.
    takesUnderscores: true,
    ownFields: [
      'contents',
      'cachedContent',
      'continuationToken',
      'systemInstruction',
      'generationConfig.candidateCount',
      'generationConfig.responseMimeType',
      'generationConfig.responseSchema',
      'generationConfig.responseJsonSchema',
      'generationConfig.responseModalities',
      'tools',
      'toolConfig',
    ],
    dearer: { serviceTier: ['priority'] },
    fields: {
      worker_max_tokens: 'generationConfig.maxOutputTokens',
      temperature: 'generationConfig.temperature',
      top_p: 'generationConfig.topP',
      seed: 'generationConfig.seed',
      stop: 'generationConfig.stopSequences',
      reasoning_effort: 'generationConfig.thinkingConfig.thinkingLevel',
      thinking_budget: 'generationConfig.thinkingConfig.thinkingBudget',
    },
  },
  ollama: {
    title: 'Ollama chat',
    requestPath: /\/(?:api(?:\/chat)?|v1)\/*$/,
    versionPath: '',
    ownFields: ['model', 'messages', 'stream', 'format', 'tools', 'truncate', 'shift', 'think'],
    fields: {
      worker_max_tokens: 'options.num_predict',
      temperature: 'options.temperature',
      top_p: 'options.top_p',
      seed: 'options.seed',
      stop: 'options.stop',
      reasoning_effort: 'think',
      thinking_budget: null,
    },
  },
};

function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

function topOf(field: string): string {
  return field.split('.', 1)[0] as string;
}

/** One spelling of all under which servers of the wire take a field: those that are written in Go take names in any case. */
function spelling({ takesUnderscores }: WireFacts, field: string): string {
  return (takesUnderscores ? field.replaceAll('_', '') : field).toLowerCase();
}

/** Names of fields, as in `WireFacts.fields`, that a key sets on a wire. */
export function namesOfKey(wire: WireName, key: RequestKey): string[] {
  const { fields, otherNames = {} } = WIRES[wire];
  return [...(fields[key] === null ? [] : [fields[key]]), ...(otherNames[key] ?? [])];
}

/** Whether a field of extra_body is set by this program: by a key of the task, or (`null`) whatever the task says. Undefined: it may be given. */
export function ownerOfField(wire: WireName, field: string): RequestKey | null | undefined {
  const facts = WIRES[wire];
  const name = spelling(facts, field);
  const isNamed = (own: string) => overlap(spelling(facts, own), name);
  const key = REQUEST_KEYS.find((one) => namesOfKey(wire, one).some(isNamed));
  if (key !== undefined) return key;
  const ours = [...Object.values(facts.fields), ...facts.ownFields].filter((own) => own !== null);
  // A map of ours under its other name would come twice in one request.
  const twice = ours.some((own) => topOf(own) !== topOf(field) && spelling(facts, topOf(own)) === topOf(name));
  return twice || facts.ownFields.some(isNamed) ? null : undefined;
}

/** True for a value of a field of extra_body that makes all tokens of the call dearer than the price list says. */
export function isDearer(wire: WireName, field: string, value: unknown): boolean {
  const facts = WIRES[wire];
  const found = Object.entries(facts.dearer ?? {}).find(([name]) => spelling(facts, name) === spelling(facts, field));
  return found !== undefined && typeof value === 'string' && found[1].includes(value.toLowerCase());
}
