import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/core/errors.js';
import { parseTaskObject, parseTaskText } from '../../src/intake/parse-task.js';

const OK = 'prompt_template: "{{seed}}"\nworker_model: sim/x\n';
const MODEL = 'worker_model: sim/x\n';
const PROMPT = 'prompt_template: "{{seed}}"\n';

interface Bad {
  id: string;
  text: string;
  code: string;
  /** `line:column`. */
  at?: string;
  says?: string;
}

const BAD: Bad[] = [
  { id: 'B03 empty', text: '', code: 'E_TASK_EMPTY' },
  { id: 'B03 comments', text: '# only\n\n# comments\n', code: 'E_TASK_EMPTY' },
  { id: 'B04 list', text: '- a\n- b\n', code: 'E_TASK_SHAPE', at: '1:1' },
  { id: 'B04 text', text: 'just words', code: 'E_TASK_SHAPE', at: '1:1' },
  { id: 'B05 tab', text: `${OK}tags:\n\ta: b\n`, code: 'E_YAML_SYNTAX', at: '4:1', says: 'indent with blanks' },
  { id: 'B06 quote', text: `${MODEL}prompt_template: "open\n`, code: 'E_YAML_SYNTAX' },
  { id: 'B06 bracket', text: `${OK}tags: {a: b\n`, code: 'E_YAML_SYNTAX' },
  { id: 'B07 documents', text: `${OK}---\n${OK}`, code: 'E_YAML_MULTI', at: '4:1' },
  { id: 'B08 duplicate', text: `${OK}worker_model: sim/y\n`, code: 'E_YAML_DUP_KEY', at: '3:1', says: 'in line 2 and in line 3' },
  { id: 'B08 nested duplicate', text: `${OK}tags: {a: b, a: c}\n`, code: 'E_YAML_DUP_KEY', at: '3:14' },
  {
    id: 'B09 misspelt',
    text: `${PROMPT}worker_modle: sim/x\n`,
    code: 'E_TASK_UNKNOWN_KEY',
    at: '2:1',
    says: 'did you mean worker_model?',
  },
  { id: 'B09 other name', text: `${OK}max_tokens: 5\n`, code: 'E_TASK_UNKNOWN_KEY', at: '3:1', says: 'worker_max_tokens' },
  { id: 'B10 too big', text: `${OK}# ${'x'.repeat(256 * 1024)}`, code: 'E_TASK_TOO_BIG' },
  { id: 'B11 200,000 keys', text: 'key: 1\n'.repeat(200_000), code: 'E_TASK_TOO_BIG' },
  { id: 'B12 brackets', text: `a: ${'['.repeat(20_000)}`, code: 'E_YAML_DEPTH' },
  {
    id: 'B12 indents',
    text: Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    code: 'E_YAML_DEPTH',
  },
  { id: 'B13 alias bomb', text: `a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n`, code: 'E_YAML_ALIAS', at: '2:8' },
  { id: 'B14 __proto__', text: `${OK}__proto__: 1\n`, code: 'E_TASK_FORBIDDEN_KEY', at: '3:1' },
  { id: 'B14 nested', text: `${OK}tags:\n  constructor: a\n`, code: 'E_TASK_FORBIDDEN_KEY', at: '4:3' },
  { id: 'B15 js tag', text: `${OK}name: !!js/function "x"\n`, code: 'E_YAML_TAG', says: '!!js/function' },
  { id: 'B15 plain tag', text: `${OK}name: !!str x\n`, code: 'E_YAML_TAG' },
  { id: 'B16 merge', text: `${OK}<<: {a: b}\n`, code: 'E_YAML_MERGE', at: '3:1' },
  { id: 'B18 raw', text: `${OK}name: a\u0001b\n`, code: 'E_TASK_CONTROL_CHAR', at: '3:8', says: 'U+0001' },
  { id: 'B18 escaped', text: `${OK}follow_up: "a\\0b"\n`, code: 'E_TASK_CONTROL_CHAR', at: '3:12', says: 'U+0000' },
  {
    id: 'B19 unquoted',
    text: `prompt_template: {{seed}}\n${MODEL}`,
    code: 'E_TEMPLATE_UNQUOTED',
    at: '1:18',
    says: '"{{seed}}"',
  },
  { id: 'B19 with words', text: `${MODEL}prompt_template: {{seed}} please\n`, code: 'E_TEMPLATE_UNQUOTED', at: '2:18' },
  { id: 'B20 no template', text: MODEL, code: 'E_TASK_MISSING', says: 'prompt_template' },
  { id: 'B20 no value', text: `prompt_template:\n${MODEL}`, code: 'E_TASK_MISSING', at: '1:1' },
  { id: 'B21 blank', text: `prompt_template: "  "\n${MODEL}`, code: 'E_TEMPLATE_EMPTY', at: '1:18' },
  { id: 'B21 empty', text: `prompt_template: ""\n${MODEL}`, code: 'E_TEMPLATE_EMPTY', at: '1:18' },
  { id: 'B22 number', text: `prompt_template: 5\n${MODEL}`, code: 'E_TASK_TYPE', at: '1:18' },
  { id: 'B22 list', text: `prompt_template: [a]\n${MODEL}`, code: 'E_TASK_TYPE', at: '1:18' },
  { id: 'B25 in a block', text: `${MODEL}prompt_template: |\n  Hello\n  and {{seed\n`, code: 'E_TEMPLATE_SYNTAX', at: '4:7' },
  { id: 'statement in system_prompt', text: `${OK}system_prompt: "x {% if y %}"\n`, code: 'E_TEMPLATE_EXPRESSION', at: '3:19' },
  { id: 'unclosed in system_prompt', text: `${OK}system_prompt: "x {{y"\n`, code: 'E_TEMPLATE_SYNTAX', at: '3:19' },
  { id: 'unclosed in follow_up', text: `${OK}multi_turn: true\nfollow_up: "{{y"\n`, code: 'E_TEMPLATE_SYNTAX', at: '4:13' },
  { id: 'half a pair', text: `${OK}system_prompt: "x \\ud83d"\n`, code: 'E_HALF_PAIR', at: '3:16' },
  { id: 'B26 statement', text: `${MODEL}prompt_template: "a {% for x in y %}"\n`, code: 'E_TEMPLATE_EXPRESSION', at: '2:21' },
  { id: 'B28 enum', text: `${OK}task_type: genration\n`, code: 'E_TASK_ENUM', at: '3:12', says: 'did you mean generation?' },
  { id: 'B34 no model', text: PROMPT, code: 'E_TASK_MISSING', says: 'worker_model' },
  { id: 'B37 no URL', text: `${OK}worker_api_base: not a url\n`, code: 'E_API_BASE', at: '3:18' },
  { id: 'B37 ftp', text: `${OK}worker_api_base: ftp://a.example\n`, code: 'E_API_BASE' },
  { id: 'B37 query', text: `${OK}worker_api_base: https://a.example/v1?key=hidden\n`, code: 'E_API_BASE' },
  { id: 'B39 plain http', text: `${OK}worker_api_base: http://a.example/v1\n`, code: 'E_API_BASE_PLAINTEXT', says: 'a.example' },
  { id: 'B40 key', text: `${OK}api_key: sk-0123456789abcdef\n`, code: 'E_SECRET_IN_FILE', at: '3:1', says: 'rotate' },
  { id: 'B40 key as variable', text: `${OK}worker_api_key_env: sk-0123456789abcdef\n`, code: 'E_SECRET_IN_FILE', at: '3:21' },
  { id: 'B43 zero', text: `${OK}max_turns: 0\n`, code: 'E_TASK_RANGE', at: '3:12' },
  { id: 'B43 negative', text: `${OK}max_turns: -1\n`, code: 'E_TASK_RANGE' },
  { id: 'B43 fraction', text: `${OK}max_turns: 1.5\n`, code: 'E_TASK_RANGE' },
  { id: 'B43 huge', text: `${OK}max_turns: 1e9\n`, code: 'E_TASK_RANGE', says: 'from 1 to 1000' },
  { id: 'B44 yes', text: `${OK}multi_turn: yes\n`, code: 'E_TASK_TYPE', at: '3:13', says: '"yes" is text, use true' },
  { id: 'B45 zero', text: `${OK}workers: 0\n`, code: 'E_TASK_RANGE' },
  { id: 'B45 negative', text: `${OK}workers: -3\n`, code: 'E_TASK_RANGE' },
  { id: 'B45 many', text: `${OK}workers: many\n`, code: 'E_TASK_RANGE', says: 'or auto' },
  { id: 'B45 huge', text: `${OK}workers: 1000000\n`, code: 'E_TASK_RANGE' },
  { id: 'B46 negative', text: `${OK}stagger: -1\n`, code: 'E_TASK_TYPE' },
  { id: 'B46 nan', text: `${OK}stagger: .nan\n`, code: 'E_TASK_TYPE' },
  { id: 'B46 words', text: `${OK}stagger: 5 minutes\n`, code: 'E_TASK_TYPE', says: 'seconds' },
  { id: 'B47 batch', text: `${OK}batch_size: 0\n`, code: 'E_TASK_RANGE' },
  { id: 'B47 checkpoint', text: `${OK}checkpoint_every: 0\n`, code: 'E_TASK_RANGE' },
  { id: 'B48 tokens', text: `${OK}worker_max_tokens: 0\n`, code: 'E_TASK_RANGE' },
  { id: 'B49 nan', text: `${OK}max_cost: .nan\n`, code: 'E_CAP' },
  { id: 'B49 inf', text: `${OK}max_cost: .inf\n`, code: 'E_CAP' },
  { id: 'B49 negative', text: `${OK}max_cost: -1\n`, code: 'E_CAP' },
  { id: 'B49 a row', text: `${OK}max_cost_per_row: .nan\n`, code: 'E_CAP' },
  { id: 'B49 a day', text: `${OK}max_daily_cost: "5"\n`, code: 'E_CAP' },
  { id: 'B49 a call', text: `${OK}max_cost_per_call: -.inf\n`, code: 'E_CAP' },
  {
    id: 'B36',
    text: 'prompt_template: "{{seed}}"\nworker_model: gemini/gemini-2.0-flash\n',
    code: 'E_MODEL_RETIRED',
    says: 'gemini/gemini-3.5-flash-lite',
  },
  { id: 'B55', text: `${OK}timezone: Mars/Phobos\n`, code: 'E_TASK_TZ', says: 'Mars/Phobos' },
  { id: 'B49 comma', text: `${OK}max_cost: "10,00"\n`, code: 'E_CAP', says: 'point for decimals' },
  { id: 'B51 blank', text: `${OK}output_dir: ""\n`, code: 'E_OUT_DIR', at: '3:13' },
  { id: 'B53 Parquet', text: `${OK}output_format: Parquet\n`, code: 'E_TASK_ENUM', says: 'did you mean parquet?' },
  { id: 'B56 three', text: `${OK}temperature: 3\n`, code: 'E_TASK_RANGE' },
  { id: 'B56 hot', text: `${OK}temperature: hot\n`, code: 'E_TASK_RANGE' },
  { id: 'B57 CR/LF', text: `${OK}headers: {X-A: "a\\r\\nB: c"}\n`, code: 'E_TASK_HEADER' },
  { id: 'B57 authorization', text: `${OK}headers: {authorization: x}\n`, code: 'E_TASK_HEADER', says: 'worker_api_key_env' },
  { id: 'B57 name', text: `${OK}headers: {"a b": x}\n`, code: 'E_TASK_HEADER' },
  { id: 'B58 precision', text: `${OK}worker_max_tokens: 9007199254740993\n`, code: 'E_TASK_PRECISION', at: '3:20' },
  { id: 'synonyms', text: `${OK}workers: 4\nconcurrency: 4\n`, code: 'E_TASK_CONFLICT', at: '4:1', says: 'line 3' },
  { id: 'regular expression', text: `${OK}multi_turn: true\nstop_when:\n  - matches: "("\n`, code: 'E_TASK_TYPE', at: '5:14' },
  { id: 'price', text: `${OK}price: {input: 1}\n`, code: 'E_TASK_MISSING', says: 'price.output' },
  { id: 'price key', text: `${OK}price: {input: 1, output: 1, cached: 1}\n`, code: 'E_TASK_UNKNOWN_KEY', at: '3:30' },
  {
    id: 'later key',
    text: `${OK}orchestrator_model: x\n`,
    code: 'E_TASK_UNSUPPORTED',
    at: '3:1',
    says: 'remove orchestrator_model',
  },
  { id: 'later key without value', text: `${OK}tools:\n`, code: 'E_TASK_UNSUPPORTED', at: '3:1' },
  { id: 'later task type', text: `${OK}task_type: custom\n`, code: 'E_TASK_UNSUPPORTED', at: '3:12' },
  {
    id: 'wire of another provider',
    text: `${PROMPT}worker_model: openai/m\nworker_wire: gemini\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:14',
    says: 'worker_wire: chat',
  },
  {
    id: 'wire of another provider at its base',
    text: `${PROMPT}worker_model: m\nworker_api_base: https://api.anthropic.com\nworker_wire: ollama\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:14',
    says: 'at anthropic: anthropic, chat',
  },
  { id: 'wire unknown', text: `${OK}worker_wire: gemni\n`, code: 'E_TASK_ENUM', at: '3:14', says: 'did you mean gemini?' },
  { id: 'seed negative', text: `${OK}seed: -1\n`, code: 'E_TASK_RANGE', at: '3:7' },
  {
    id: 'seed without a field',
    text: `${OK}worker_wire: anthropic\nseed: 1\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:7',
    says: 'remove the line',
  },
  { id: 'stop empty', text: `${OK}stop: []\n`, code: 'E_TASK_RANGE', at: '3:7' },
  { id: 'stop blank', text: `${OK}stop: [""]\n`, code: 'E_TASK_RANGE', at: '3:8' },
  { id: 'stop without a field', text: `${OK}worker_wire: responses\nstop: x\n`, code: 'E_TASK_CONFLICT', at: '4:7' },
  { id: 'effort unknown', text: `${OK}reasoning_effort: hihg\n`, code: 'E_TASK_ENUM', at: '3:19', says: 'did you mean high?' },
  {
    id: 'budget without a field',
    text: `${OK}thinking_budget: 9\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:18',
    says: 'use reasoning_effort',
  },
  {
    id: 'budget above the limit',
    text: `${OK}worker_wire: anthropic\nthinking_budget: 5000\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:18',
    says: 'worker_max_tokens: 9096',
  },
  {
    id: 'a name that others have for output_schema',
    text: `${OK}response_format: json\n`,
    code: 'E_TASK_UNKNOWN_KEY',
    at: '3:1',
    says: 'did you mean output_schema?',
  },
  { id: 'extra_body text', text: `${OK}extra_body: x\n`, code: 'E_TASK_TYPE', at: '3:13' },
  {
    id: 'extra_body with messages',
    text: `${OK}extra_body: {messages: []}\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:24',
    says: 'remove messages',
  },
  {
    id: 'extra_body with a field of a key',
    text: `${OK}extra_body: {a: 1, temperature: 1}\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:33',
    says: 'move temperature out of extra_body',
  },
  {
    id: 'extra_body with a field of a key, further down',
    text: `${OK}worker_wire: gemini\nextra_body:\n  generationConfig:\n    topK: 3\n    topP: 0.5\n`,
    code: 'E_TASK_CONFLICT',
    at: '7:11',
    says: 'generationConfig.topP',
  },
  {
    id: 'extra_body with a field of a key, under its other name',
    text: `${OK}worker_wire: gemini\nextra_body: {generation_config: {max_output_tokens: 9}}\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:53',
    says: 'write worker_max_tokens',
  },
  {
    id: 'extra_body with a map of ours, under its other name',
    text: `${OK}worker_wire: gemini\nextra_body: {generation_config: {topK: 3}}\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:40',
    says: 'remove generation_config.topK',
  },
  {
    id: 'extra_body with a key in clear',
    text: `${OK}extra_body: {auth: {token: sk-abcdefghijklmnopqrstuv}}\n`,
    code: 'E_SECRET_IN_FILE',
    at: '3:28',
  },
  {
    id: 'extra_body with the form of an answer',
    text: `${OK}extra_body:\n  response_format: {type: json_schema, json_schema: {name: a}}\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:27',
    says: 'remove response_format, and write output_schema',
  },
  {
    id: 'extra_body over all of our fields',
    text: `${OK}worker_wire: ollama\nextra_body: {options: 1}\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:23',
  },
  {
    id: 'extra_body with a field of a key, in another case',
    text: `${OK}worker_wire: ollama\nextra_body: {Options: {num_predict: -1}}\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:37',
    says: 'write worker_max_tokens',
  },
  {
    id: 'extra_body with a map of ours, in another case',
    text: `${OK}worker_wire: ollama\nextra_body: {Options: {num_ctx: 4096}}\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:33',
    says: 'remove Options.num_ctx',
  },
  {
    id: 'extra_body with a field of ours, in another case',
    text: `${OK}extra_body: {MODEL: x}\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:21',
    says: 'remove MODEL',
  },
  {
    id: 'extra_body with the output limit of another server',
    text: `${OK}extra_body: {n_predict: -1}\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:25',
    says: 'write worker_max_tokens',
  },
  {
    id: 'extra_body with tools of the provider',
    text: `${OK}extra_body: {plugins: [{id: web}]}\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:23',
    says: 'remove plugins',
  },
  {
    id: 'extra_body with a prompt that is kept at the provider',
    text: `${OK}worker_wire: gemini\nextra_body: {cached_content: cachedContents/x}\n`,
    code: 'E_TASK_CONFLICT',
    at: '4:30',
    says: 'remove cached_content',
  },
  {
    id: 'extra_body with a dearer tier, without a price',
    text: `${OK}extra_body: {service_tier: priority}\n`,
    code: 'E_TASK_CONFLICT',
    at: '3:28',
    says: 'add price: {input: ..., output: ...}',
  },
  {
    id: 'extra_body with a key in clear',
    text: `${OK}extra_body: {api: {user: sk-0123456789abcdef}}\n`,
    code: 'E_SECRET_IN_FILE',
    at: '3:26',
  },
  { id: 'cache_write negative', text: `${OK}price: {input: 1, output: 1, cache_write: -1}\n`, code: 'E_TASK_RANGE', at: '3:43' },
  { id: 'bare model', text: `${PROMPT}worker_model: gpt\n`, code: 'E_TASK_MISSING', says: 'worker_api_base' },
  { id: 'unknown provider', text: `${PROMPT}worker_model: opnai/gpt\n`, code: 'E_TASK_ENUM', says: 'did you mean openai/gpt?' },
  { id: 'provider alone', text: `${PROMPT}worker_model: openai/\n`, code: 'E_TASK_MISSING' },
  { id: 'name', text: `${OK}name: ../x\n`, code: 'E_TASK_TYPE', at: '3:7' },
];

describe('parseTaskText', () => {
  test.each(BAD)('task file: $id -> $code', ({ text, code, at, says }) => {
    const { task, problems } = parseTaskText(text, { file: 'task.yaml' });
    expect(task).toBeNull();
    const problem = problems.find((one) => one.code === code);
    if (!problem) throw new Error(`no ${code} in:\n${problems.map(formatProblem).join('\n')}`);
    expect(problem.place?.file).toBe('task.yaml');
    if (at) expect(`${problem.place?.line}:${problem.place?.column}`).toBe(at);
    expect(problem.allowed).toBeTruthy();
    expect(problem.fix).toBeTruthy();
    if (says) expect(formatProblem(problem)).toContain(says);
  });

  test('task file: one mistake -> one problem', () => {
    const single = BAD.filter(({ id }) => /^B(?:08|14|15|16|19|2[1-8]|4[3-9]|5[1-8])/.test(id));
    for (const { id, text } of single) expect([id, parseTaskText(text).problems.length]).toEqual([id, 1]);
  });

  test('task file: many mistakes -> all of them, in the order of the file', () => {
    const text = `task_type: genration\nworkers: many\nfoo: 1\nmax_cost: -1\nprompt_template: "{% if %}"\n`;
    const { problems } = parseTaskText(text);
    expect(problems.map(({ code, place }) => `${code} ${place?.line ?? ''}`)).toEqual([
      'E_TASK_ENUM 1',
      'E_TASK_RANGE 2',
      'E_TASK_UNKNOWN_KEY 3',
      'E_CAP 4',
      'E_TEMPLATE_EXPRESSION 5',
      'E_TASK_MISSING ',
    ]);
  });

  test('task file: 20,000 unknown keys -> the first 20 and a count', () => {
    const { problems } = parseTaskText(OK + Array.from({ length: 20_000 }, (_, n) => `k${n}: 1\n`).join(''));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toMatchObject({ code: 'E_TASK_MORE', found: '19980 more problems are not listed' });
  });

  test.each([
    `${OK}worker_api_base: https://user:hunter2secret@a.example/v1\n`,
    `${OK}worker_api_base: https://a.example/v1?key=hunter2secret\n`,
    `${OK}api_key: hunter2secret\n`,
    `${OK}openai_api_key: sk-hunter2secret0000\n`,
    `${OK}worker_api_key_env: sk-hunter2secret0000\n`,
    `${OK}headers: {Authorization: Bearer hunter2secret}\n`,
    `${OK}headers: {X-Other: sk-hunter2secret0000}\n`,
    `${OK}workers: sk-hunter2secret0000\n`,
  ])('task file: a secret in it -> refused, and never echoed (%#)', (text) => {
    const { task, problems } = parseTaskText(text);
    expect(task).toBeNull();
    expect(JSON.stringify(problems)).not.toContain('hunter2secret');
  });
});

describe('parseTaskObject', () => {
  const object = { prompt_template: '{{seed}}', worker_model: 'sim/x' };

  test.each([
    [[], 'E_TASK_SHAPE'],
    [{ ...object, workers: Number.NaN }, 'E_TASK_RANGE'],
    [{ ...object, stagger: Number.POSITIVE_INFINITY }, 'E_TASK_TYPE'],
    [{ ...object, promptTemplate: 'x' }, 'E_TASK_UNKNOWN_KEY'],
    [JSON.parse('{"prompt_template":"a","worker_model":"sim/x","__proto__":{}}'), 'E_TASK_FORBIDDEN_KEY'],
    [{ ...object, name: () => 'x' }, 'E_TASK_TYPE'],
  ])('task object: %j -> %s', (source, code) => {
    expect(parseTaskObject(source).problems.map((problem) => problem.code)).toEqual([code]);
  });

  test('task object: undefined values -> as if not given', () => {
    expect(parseTaskObject({ ...object, workers: undefined }).task?.concurrency).toBe('auto');
  });

  test('task object: polluted values -> the prototype stays clean', () => {
    parseTaskObject(JSON.parse('{"tags":{"__proto__":{"polluted":1}}}'));
    parseTaskText('tags: {__proto__: {polluted: 1}}\n');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
