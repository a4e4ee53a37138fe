import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8, invalidUtf8Offset } from '../../src/intake/encoding.js';

test('decodeUtf8: with and without a byte order mark -> the text (B17)', () => {
  expect(decodeUtf8(Buffer.from('\ufeffa: ü'))).toEqual({ text: 'a: ü' });
  expect(decodeUtf8(Buffer.from('a: 😀'))).toEqual({ text: 'a: 😀' });
});

test.each(['\ufeffa: b', 'a: b'])('decodeUtf8: UTF-16 -> E_ENCODING (B17)', (text) => {
  const result = decodeUtf8(Buffer.from(text, 'utf16le'));
  expect(result).toMatchObject({ problem: { code: 'E_ENCODING', found: 'the file is UTF-16' } });
  expect(decodeUtf8(Buffer.from(text, 'utf16le').swap16())).toMatchObject({ problem: { code: 'E_ENCODING' } });
});

test('decodeUtf8: a Latin-1 byte -> E_ENCODING with line and byte column', () => {
  const bytes = Buffer.concat([Buffer.from('a: b\nc: d'), Buffer.from([0xe9]), Buffer.from('\n')]);
  expect(decodeUtf8(bytes)).toMatchObject({ problem: { code: 'E_ENCODING', place: { line: 2, column: 5 } } });
});

test('invalidUtf8Offset: any bytes -> agrees with the strict decoder', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      let valid = true;
      try {
        decoder.decode(bytes);
      } catch {
        valid = false;
      }
      expect(invalidUtf8Offset(bytes) < 0).toBe(valid);
    }),
    { numRuns: 2000 },
  );
});
