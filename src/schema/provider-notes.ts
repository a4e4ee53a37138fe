/** What is special at each known provider, for people. docs/providers.md is made from it; a test holds the names against PROVIDERS. */
export const PROVIDER_NOTES: Readonly<Record<string, string>> = {
  openai:
    'On the chat wire the output limit goes out as `max_completion_tokens`. A limit of the day is waited for; money that is used up comes as a 429 too and pauses the run. ' +
    'On the responses wire nothing is stored there: the whole conversation is sent, with the encrypted thoughts of the model.',
  anthropic:
    'A spend limit or a used up balance pauses the run, whatever status it comes with. A 529 means that it has no room: no limit is learned. What is written ' +
    'to a cache costs `price.cache_write`.',
  groq: 'The output limit goes out as `max_completion_tokens`. A prompt that with its output limit is over the budget of a whole minute fails its row (E_ROW_OVER_LIMIT): lower `worker_max_tokens`. A limit of the day is waited for.',
  deepseek:
    'It limits calls at a time, not in a minute: after a 429 fewer are sent at once. `reasoning_effort: none` goes out as `thinking: {type: disabled}`.',
  openrouter:
    'What it says that a call cost holds over the price list. A 402 for money that calls in flight hold is waited out, any other pauses the run. A 403 of its moderation fails the row. More about thinking goes into `extra_body: {reasoning: ...}`.',
  mistral: '`seed` goes out as `random_seed`. A 429 for the spend limit of the month pauses the run.',
  together: 'A 503 means that it has no room, whatever your limit is: calls are slowed down, no limit is learned.',
  gemini:
    'A limit of the day and its spend limit of ten minutes are waited out. A wrong key comes as a 400 and pauses the run. `reasoning_effort` is minimal, low, medium or high; ' +
    '`thinking_budget: 0` switches thinking off where the model can do without. A blocked prompt is a filtered row, and paid for. An answer that it would go on with by a second ' +
    'request (`CONTINUATION`) ends as cut. At Vertex AI the base ends in `/publishers/google`. On its chat wire, thoughts that only the total counts are output.',
  xai: 'On the chat wire the output limit goes out as `max_completion_tokens`, and reasoning that only the total counts is output.',
  ollama:
    'A model server on this machine; a key only where `worker_api_key_env` names one (`https://ollama.com`). `extra_body: {options: {num_ctx: 16384}}` is the context window. ' +
    'A prompt that does not fit fails its row, also where the server cuts it without a word. `reasoning_effort: none` switches thinking off.',
  vllm: 'A model server on this machine; a key only where `worker_api_key_env` names one.',
  llamacpp:
    'A model server on this machine; a key only where `worker_api_key_env` names one. A 503 while it loads its model is waited out.',
  sim: 'Simulated, in the process that makes the calls: no account, no key, no cost. Its prices are made up, and no cap of the day counts it.',
};
