/** What is wrong for every row alike: the key, a permission, the address. */
import { anthropic, badField, type Cell, google, openai, unprocessable } from './cell.js';

const KEY = 'key E_KEY_REFUSED key -> key';
const PERMISSION = 'key E_PERMISSION permission -> model';
const ADDRESS = 'request E_ENDPOINT request/address';

export const REQUEST_CELLS: readonly Cell[] = [
  {
    from: 'platform.openai.com',
    by: 'openai',
    status: 401,
    body: openai('Incorrect API key provided: sk-***.', { code: 'invalid_api_key' }),
    is: KEY,
  },
  {
    from: 'platform.claude.com',
    by: 'anthropic',
    status: 401,
    body: anthropic('authentication_error', 'invalid x-api-key'),
    is: KEY,
  },
  {
    from: 'ai.google.dev/gemini-api/docs/troubleshooting',
    by: 'gemini',
    status: 400,
    body: google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'),
    is: KEY,
  },
  {
    from: 'github.com/continuedev/continue/issues/11541',
    by: 'gemini',
    status: 403,
    body: google(403, 'PERMISSION_DENIED', 'Your API key was reported as leaked. Please use another API key.'),
    is: KEY,
  },
  {
    from: 'github.com/coaidev/coai/issues/67',
    by: 'gemini',
    status: 403,
    body: google(403, 'PERMISSION_DENIED', "Permission denied: Consumer 'api_key:AIzaMadeUp00000' has been suspended."),
    is: KEY,
  },
  {
    from: 'github.com/continuedev/continue/issues/10778',
    by: 'https://api.x.ai/v1',
    status: 400,
    body: '{"code":"Client specified an invalid argument","error":"Incorrect API key provided: na***ys. You can obtain an API key from your console."}',
    is: KEY,
  },
  {
    from: 'learn.microsoft.com/azure',
    by: 'https://name.openai.azure.com/openai/v1',
    status: 401,
    body: '{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}',
    is: KEY,
  },
  { from: 'docs.mistral.ai', by: 'mistral', status: 401, body: '{"detail":"Unauthorized"}', is: KEY },
  {
    from: 'platform.claude.com',
    by: 'anthropic',
    status: 403,
    body: anthropic('permission_error', 'Your API key may not use this.'),
    is: PERMISSION,
  },
  {
    from: 'platform.openai.com: a project without the model',
    by: 'openai',
    status: 403,
    body: openai('Project `proj_1` does not have access to model `m`', { code: 'model_not_found' }),
    is: PERMISSION,
  },
  {
    from: 'ai.google.dev/gemini-api/docs/troubleshooting',
    by: 'gemini',
    status: 400,
    body: google(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
    is: PERMISSION,
  },
  {
    from: 'AWS: a role without the right',
    by: 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1',
    status: 403,
    body: '{"Message":"User: arn:aws:sts::0:assumed-role/a is not authorized to perform: bedrock:InvokeModel"}',
    is: PERMISSION,
  },

  // Another path, or none: said of the address, which several rows have to meet.
  { from: 'FastAPI', by: 'other', status: 404, body: '{"detail":"Not Found"}', is: ADDRESS },
  { from: 'Go', by: 'other', status: 404, body: '404 page not found', is: ADDRESS },
  {
    from: 'OpenAI, asked over the gemini wire',
    by: 'openai',
    status: 404,
    body: openai('Unknown request URL: POST /v1/models/gpt-5:generateContent.', { code: 'unknown_url' }),
    is: ADDRESS,
  },
  {
    from: 'Express, asked over the gemini wire',
    by: 'other',
    status: 404,
    body: '{"message":"Cannot POST /v1beta/models/gpt-5:generateContent"}',
    is: ADDRESS,
  },
  {
    from: 'a site of 3D models',
    by: 'other',
    status: 404,
    body: '<!doctype html><title>Not found</title>All our 3D models',
    is: ADDRESS,
  },
  {
    from: 'learn.microsoft.com/azure',
    by: 'https://name.openai.azure.com/openai',
    status: 404,
    body: '{"error":{"code":"404","message":"Resource not found"}}',
    is: ADDRESS,
  },
  {
    from: 'a request without its field, which we do not send by any key',
    by: 'mistral',
    status: 422,
    body: JSON.stringify({ detail: unprocessable('body', 'messages', '0', 'name') }),
    is: 'row E_ROW_REFUSED row',
  },
  {
    from: 'Gemini, of a field within the schema of a tool',
    by: 'gemini',
    status: 400,
    body: google(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.', [
      badField('contents[0].parts[0]', 'Cannot find field.'),
    ]),
    is: 'request E_REQUEST_REFUSED request',
  },
];
