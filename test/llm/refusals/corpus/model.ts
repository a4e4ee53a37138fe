/** Models that are not there, or not any more. */
import { anthropic, type Cell, google, openai } from './cell.js';

const MODEL = 'request E_MODEL_UNKNOWN request/model -> model';

export const MODEL_CELLS: readonly Cell[] = [
  {
    from: 'github.com/openai/openai-quickstart-node/issues/127',
    by: 'openai',
    status: 404,
    body: openai('The model `m` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations', {
      code: 'model_not_found',
    }),
    is: MODEL,
  },
  {
    from: 'github.com/weval-org/app/issues/24',
    by: 'anthropic',
    status: 404,
    body: anthropic('not_found_error', 'model: claude-3-haiku-20240307'),
    is: MODEL,
  },
  {
    from: 'github.com/karthink/gptel/issues/667',
    by: 'gemini',
    status: 404,
    body: `[${google(404, 'NOT_FOUND', 'models/gemini-pro is not found for API version v1beta, or is not supported for generateContent.')}]`,
    is: MODEL,
  },
  {
    from: 'github.com/goruck/home-generative-agent/issues/575',
    by: 'gemini',
    status: 404,
    body: google(404, 'NOT_FOUND', 'This model models/gemini-2.5-flash-lite is no longer available to new users.'),
    is: MODEL,
  },
  {
    from: 'github.com/valentinfrlch/ha-llmvision/issues/332',
    by: 'groq',
    status: 400,
    body: openai('The model `m` has been decommissioned and is no longer supported. Please refer to the deprecations.', {
      code: 'model_decommissioned',
    }),
    is: MODEL,
  },
  {
    from: 'the same sentence without its code',
    by: 'other',
    status: 400,
    body: openai('The model `qwen-2.5-32b` has been decommissioned and is no longer supported.'),
    is: MODEL,
  },
  {
    from: 'github.com/ConardLi/easy-dataset/issues/9',
    by: 'deepseek',
    status: 400,
    body: openai('Model Not Exist', { code: 'invalid_request_error' }),
    is: MODEL,
  },
  {
    from: 'docs.mistral.ai, error glossary',
    by: 'mistral',
    status: 400,
    body: '{"object":"error","message":"Invalid model: m","type":"invalid_model","param":null,"code":"1500"}',
    is: MODEL,
  },
  {
    from: 'github.com/HeyPuter/puter/issues/3168',
    by: 'together',
    status: 400,
    body: openai('Unable to access non-serverless model a/B. Please create and start a new dedicated endpoint.', {
      code: 'model_not_available',
    }),
    is: MODEL,
  },
  { from: 'openrouter.ai', by: 'openrouter', status: 400, body: openai('a/b is not a valid model ID', { code: 400 }), is: MODEL },
  {
    from: 'github.com/ShamanicArts/Flow.Launcher.Plugin.AI-Assistant/issues/2',
    by: 'openrouter',
    status: 404,
    body: openai('No endpoints found matching your data policy.', { code: 404 }),
    is: MODEL,
  },
  {
    from: 'docs.x.ai',
    by: 'https://api.x.ai/v1',
    status: 404,
    body: '{"code":"Some requested entity was not found","error":"The model grok-beta was deprecated on 2025-09-15 and is no longer accessible via the API."}',
    is: MODEL,
  },
  {
    from: 'github.com/chatboxai/chatbox/issues/861',
    by: 'https://name.openai.azure.com/openai/v1',
    status: 404,
    body: '{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}',
    is: MODEL,
  },
  {
    from: 'github.com/aws-samples/amazon-bedrock-ai-karaoke/issues/21',
    by: 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1',
    status: 404,
    body: '{"message":"This model version has reached the end of its life. Please refer to the AWS documentation for more details."}',
    is: MODEL,
  },
  {
    from: 'github.com/iOfficeAI/AionCore/pull/377',
    by: 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1',
    status: 400,
    body: '{"message":"The provided model identifier is invalid."}',
    is: MODEL,
  },
  {
    from: 'github.com/netease-youdao/QAnything/issues/555',
    by: 'https://localhost:11434/v1',
    status: 404,
    body: openai('model "m" not found, try pulling it first', { type: 'api_error' }),
    is: MODEL,
  },
  {
    from: 'github.com/ollama/ollama, docs/api.md',
    by: 'https://localhost:11434',
    status: 404,
    body: `{"error":"model 'm' not found"}`,
    is: MODEL,
  },
  {
    from: 'docs.vllm.ai',
    by: 'https://localhost:8000/v1',
    status: 404,
    body: '{"object":"error","message":"The model `m` does not exist.","type":"NotFoundError","param":"model","code":404}',
    is: MODEL,
  },
  {
    from: 'huggingface.co/docs/inference-providers',
    by: 'https://router.huggingface.co/v1',
    status: 410,
    body: '{"error":"The requested model is deprecated and no longer supported by provider x"}',
    is: MODEL,
  },
];
