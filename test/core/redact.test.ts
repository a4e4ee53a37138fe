import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact, safeName, stripControls } from '../../src/core/redact.js';

const KEY = 'canary/Key+with=odd&chars~4711';

describe('redact: own secrets in every form', () => {
  test.each([
    ['raw', KEY],
    ['base64', Buffer.from(KEY).toString('base64')],
    ['base64, one byte before it', Buffer.from(`x${KEY}`).toString('base64')],
    ['base64, two bytes before it and one after', Buffer.from(`u:${KEY}!`).toString('base64')],
    ['base64url', Buffer.from(KEY).toString('base64url')],
    ['URL-encoded', encodeURIComponent(KEY)],
    ['URL-encoded in lower case', encodeURIComponent(KEY).replace(/%../g, (code) => code.toLowerCase())],
    ['JSON-escaped', JSON.stringify(KEY)],
  ])('%s -> masked', (_, form) => {
    const safe = redact(`invalid key ${form} given`, [KEY]);
    expect(safe).toContain('[redacted]');
    expect(safe).not.toContain(KEY.slice(3, -4));
    expect(safe).not.toContain(Buffer.from(KEY).toString('base64').slice(4, -6));
    expect(safe).not.toContain(encodeURIComponent(KEY).slice(3, -4));
  });

  test('redact: a secret with quotes, echoed as JSON -> masked', () => {
    const secret = 'quote"and\\slash';
    expect(redact(JSON.stringify({ got: secret }), [secret])).toBe('{"got":"[redacted]"}');
  });

  test('redact: a secret with a line break, echoed with and without it -> masked', () => {
    const secret = 'first-part\nsecond-part';
    expect(redact(`bad header: ${secret}`, [secret])).toBe('bad header: [redacted]');
  });

  test('redact: secret broken by invisible characters -> masked', () => {
    expect(redact(`got ${KEY.slice(0, 9)}\u200b${KEY.slice(9)}`, [KEY])).toBe('got [redacted]');
  });

  const PLAIN = 'canaryKey0123456789abcdefXYZ';
  test.each([
    ['two lines', '\n'],
    ['two lines of another system, indented', '\r\n    '],
    ['two lines, the break escaped', '\\n'],
    ['two lines, escaped twice', '\\\\n  '],
    ['two lines of a log', '\n  | '],
    ['two quoted lines', '\n> '],
    ['two literals', '" +\n  "'],
    ['a continued line', '\\\n'],
    ['a soft line break of mail', '=\r\n'],
    ['a hyphen', '-\n'],
    ['a page', '<br />\n'],
    ['a place to wrap', '<wbr>'],
    ['an entity', '&#10;'],
    ['a soft hyphen', '\u00ad'],
    ['a URL', '%0A'],
    ['a unicode escape', '\\u000a'],
    ['no-break spaces', '\u00a0\u2007'],
    ['a line separator', '\u2028'],
  ])('redact: secret over %s -> masked, wherever it is split', (_, split) => {
    const base64 = Buffer.from(PLAIN).toString('base64');
    for (const form of [PLAIN, base64, KEY]) {
      for (let at = 1; at < form.length; at++) {
        if (form === KEY && /[%&\\]/.test(form.slice(at - 1, at + 1))) continue;
        const safe = redact(`got ${form.slice(0, at)}${split}${form.slice(at)} here`, [PLAIN, KEY]);
        // Of base64 the last group holds no whole character.
        expect(safe).toMatch(form === base64 ? /^got \[redacted\].{0,16} here$/ : /^got \[redacted\] here$/);
      }
    }
  });

  test('redact: secret with a sign between any two characters, twice -> masked twice', () => {
    expect(redact(`${[...PLAIN].join(' ')}; ${[...PLAIN].join('\n')}`, [PLAIN])).toBe('[redacted]; [redacted]');
  });

  test('redact: hostile signs for a secret of signs -> at once', () => {
    const started = performance.now();
    redact('-_.'.repeat(100_000), ['------a------b-----c-----d---e--f']);
    redact('<a'.repeat(100_000), [PLAIN]);
    redact('\\'.repeat(100_000), [PLAIN]);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('redact: words for secrets ("test") -> left alone', () => {
    expect(redact('this is a test', ['test', ''])).toBe('this is a test');
  });

  test('redact: half a surrogate pair in a secret -> no throw', () => {
    expect(redact('x \ud800abcdefg y', ['\ud800abcdefg'])).toBe('x [redacted] y');
  });

  test('redact: any printable secret in any text -> never shown', () => {
    const seed = 20_261_121;
    const secret = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 12,
      maxLength: 60,
    });
    const text = fc.string({ maxLength: 40 });
    fc.assert(
      fc.property(secret, text, text, (key, before, after) => {
        for (const form of [key, Buffer.from(key).toString('base64'), encodeURIComponent(key), JSON.stringify(key)]) {
          const safe = redact(before + form + after, [key], 1_000);
          expect(safe.includes(key) && !`${before}${after}[redacted]`.includes(key)).toBe(false);
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});

describe('redact: keys of others, by their shape', () => {
  test.each([
    ['Incorrect API key provided: sk-proj-abcdEFGH1234.', 'Incorrect API key provided: [redacted].'],
    ['sk-ant-api03-AAAAbbbb_cc', '[redacted]'],
    ['sk-or-v1-0123456789abcdef', '[redacted]'],
    ['gsk_0123456789abcdefXYZ', '[redacted]'],
    ['AIzaSyA0123456789-abcdef', '[redacted]'],
    ['AQ.Ab8RN6KXabcdefghij', '[redacted]'],
    ['xai-0123456789abcdef', '[redacted]'],
    ['hf_0123456789abcdef', '[redacted]'],
    ['AKIAIOSFODNN7EXAMPLE', '[redacted]'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig', '[redacted]'],
    ['Authorization: Bearer abcdefgh12345678', 'Authorization: Bearer [redacted]'],
    ['connect to https://user:pass@host.example/v1 failed', 'connect to https://[redacted]@host.example/v1 failed'],
    ['GET /v1/models?key=abc123&x=1', 'GET /v1/models?key=[redacted]&x=1'],
    ['a task-force and a risk-free desk', 'a task-force and a risk-free desk'],
  ])('%s', (text, expected) => {
    expect(redact(text, [])).toBe(expected);
  });
});

describe('redact: what is shown', () => {
  test('stripControls: escape sequences, line breaks, direction marks -> plain text', () => {
    expect(stripControls('\u001b[31mred\u001b[0m \u001b]52;c;aGk=\u0007clip\u202e abc\r\n\u0000def\u009b1m')).toBe(
      'red clip abc def',
    );
  });

  test('redact: long text -> 200 characters with an ellipsis', () => {
    const safe = redact('word '.repeat(100), []);
    expect(safe).toHaveLength(200);
    expect(safe.endsWith('…')).toBe(true);
  });

  test('redact: the cut would halve an emoji -> the emoji goes', () => {
    expect(redact(`${'a'.repeat(8)}😀bc`, [], 10)).toBe(`${'a'.repeat(8)}…`);
  });

  test('redact: secret across the cut -> masked before the cut', () => {
    expect(redact(`${'a'.repeat(190)}${KEY}`, [KEY])).toBe(`${'a'.repeat(190)}[redacted]`);
  });

  test('redact: a huge hostile text -> only its start is looked at', () => {
    expect(redact('eyJ'.repeat(2_000_000), [KEY])).toHaveLength(200);
    expect(redact(`\u001b]${'x'.repeat(10_000_000)}`, [KEY])).toBe('');
  });
});

test('safeName: a name that looks like a key -> kept; the key itself, control characters, no end -> masked, taken out, cut', () => {
  expect(safeName('xai-grok-4-fast-reasoning', [KEY])).toBe('xai-grok-4-fast-reasoning');
  expect(safeName(`m\u0000-${KEY}\u001b[31m`, [KEY])).toBe('m -[redacted]');
  expect(safeName('m'.repeat(5_000), [])).toHaveLength(200);
});
