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
  /** Fields of the body, as in `fields`, that make the call what it is: neither a task nor its extra_body gives them. */
  ownFields: readonly string[];
  /**
   * Fields that may make a call cost more than its tokens at the list price, which is what is reserved, each with the values that do not.
   * extra_body may hold no other value of them.
   */
  dearer: Readonly<Record<string, readonly string[]>>;
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

/** Of service tiers: the usual one, and those that wait or may be refused for less. */
const NO_DEARER = ['default', 'standard', 'standard_only', 'on_demand', 'flex', 'batch'];

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
      'max_completion_tokens',
      'best_of',
    ],
    // OpenRouter's models, plugins and route; OpenAI's and Groq's tiers, OpenAI's search and sound.
    dearer: {
      service_tier: NO_DEARER,
      web_search_options: [],
      plugins: [],
      models: [],
      route: [],
      modalities: ['text'],
      audio: [],
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
      'text.format',
      'tools',
      'tool_choice',
    ],
    dearer: { service_tier: NO_DEARER, prompt: [], models: [], plugins: [] },
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
    ],
    dearer: { service_tier: NO_DEARER, speed: ['standard'], inference_geo: ['global'], fallbacks: [], container: [] },
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
      'continuationToken',
      'systemInstruction',
      'generationConfig.candidateCount',
      'generationConfig.responseMimeType',
      'generationConfig.responseSchema',
      'generationConfig.responseJsonSchema',
      'tools',
      'toolConfig',
    ],
    dearer: {
      serviceTier: NO_DEARER,
      cachedContent: [],
      'generationConfig.responseModalities': ['TEXT'],
      'generationConfig.speechConfig': [],
      'generationConfig.imageConfig': [],
    },
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
    dearer: {},
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

/** A field as the lists above have it. */
function asListed(wire: WireName, field: string): string {
  return WIRES[wire].takesUnderscores ? field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : field;
}

/** Whether a field of extra_body is set by this program: by a key of the task, or (`null`) whatever the task says. Undefined: it may be given. */
export function ownerOfField(wire: WireName, field: string): RequestKey | null | undefined {
  const { fields, ownFields } = WIRES[wire];
  const name = asListed(wire, field);
  const key = REQUEST_KEYS.find((one) => fields[one] !== null && overlap(fields[one], name));
  if (key !== undefined) return key;
  const ours = [...Object.values(fields), ...ownFields].filter((own) => own !== null);
  // A map of ours under its other name would come twice in one request.
  const twice = topOf(field) !== topOf(name) && ours.some((own) => topOf(own) === topOf(name));
  return twice || ownFields.some((own) => overlap(own, name)) ? null : undefined;
}

/** The only values of a field of extra_body that cost no more than what is reserved; null: any value of it does. */
export function affordableValues(wire: WireName, field: string): readonly string[] | null {
  const { dearer } = WIRES[wire];
  const name = Object.keys(dearer).find((each) => overlap(each, asListed(wire, field)));
  return name === undefined ? null : (dearer[name] ?? null);
}
