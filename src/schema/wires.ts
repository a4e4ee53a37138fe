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
      'max_completion_tokens',
    ],
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

/** Whether a field of extra_body is set by this program: by a key of the task, or (`null`) whatever the task says. Undefined: it may be given. */
export function ownerOfField(wire: WireName, field: string): RequestKey | null | undefined {
  const { fields, ownFields, takesUnderscores = false } = WIRES[wire];
  const name = takesUnderscores ? field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : field;
  const key = REQUEST_KEYS.find((one) => fields[one] !== null && overlap(fields[one], name));
  if (key !== undefined) return key;
  const ours = [...Object.values(fields), ...ownFields].filter((own) => own !== null);
  // A map of ours under its other name would come twice in one request.
  const twice = topOf(field) !== topOf(name) && ours.some((own) => topOf(own) === topOf(name));
  return twice || ownFields.some((own) => overlap(own, name)) ? null : undefined;
}
