import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ModelAdapter } from '../../../src/llm/port.js';
import { createSdkAdapter } from '../../../src/llm/sdk-adapter.js';
import { MAX_BODY_BYTES } from '../../../src/llm/transport/wire-request.js';
import { ALL_WIRES } from '../../../src/llm/wires/all-wires.js';
import { type AnsweringServer, completion, json, startAnsweringServer } from '../answering-server.js';
import { modelCall } from '../model-call.js';

let server: AnsweringServer;
let adapter: ModelAdapter;
/** A deadline that ends a call which was sent: far more than a connection on a busy machine takes. */
const SENT_MS = 2_000;
const listening: { server: Server; sockets: Set<Socket> }[] = [];

beforeAll(async () => {
  server = await startAnsweringServer();
  adapter = createSdkAdapter(ALL_WIRES);
});
afterEach(async () => {
  for (const { server: raw, sockets } of listening.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => raw.close(resolve));
  }
});
afterAll(async () => {
  await server.close();
  await adapter.close();
});

/** A bare TCP server: what it does with a connection is the test's. */
async function listen(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const raw = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  listening.push({ server: raw, sockets });
  return `http://127.0.0.1:${(raw.address() as AddressInfo).port}/v1`;
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const raw = createServer();
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const { port } = raw.address() as AddressInfo;
  await new Promise((resolve) => raw.close(resolve));
  return port;
}

describe('never connected: sure that nothing was sent', () => {
  test('call: connection refused -> E_CALL_CONNECT, not billed', async () => {
    const port = await closedPort();
    const result = await adapter.call(modelCall(`http://127.0.0.1:${port}/v1`));
    expect(result).toMatchObject({
      ok: false,
      class: 'transport',
      code: 'E_CALL_CONNECT',
      status: null,
      mayHaveBeenBilled: false,
    });
    expect(result).toHaveProperty(
      'message',
      `no connection to 127.0.0.1:${port}: nothing accepts connections there (ECONNREFUSED)`,
    );
  });

  test('call: unknown host -> E_CALL_CONNECT, not billed', async () => {
    const result = await adapter.call(modelCall('http://no-such-host.invalid/v1'));
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_CONNECT', mayHaveBeenBilled: false });
  });

  test('call: a server that speaks no TLS -> E_CALL_CONNECT, not billed', async () => {
    const base = await listen((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const result = await adapter.call(modelCall(base.replace('http:', 'https:')));
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_CONNECT', mayHaveBeenBilled: false });
  });

  test('call: deadline in the TLS handshake -> E_CALL_TIMEOUT, not billed', async () => {
    const base = await listen(() => {});
    const result = await adapter.call(modelCall(base.replace('http:', 'https:'), { timeoutMs: 100 }));
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_TIMEOUT', mayHaveBeenBilled: false });
  });

  test('call: cancelled before it begins -> E_CANCELLED, no connection', async () => {
    const before = server.connections();
    const result = await adapter.call(modelCall(server.base, { signal: AbortSignal.abort() }));
    expect(result).toMatchObject({ class: 'cancelled', code: 'E_CANCELLED', mayHaveBeenBilled: false });
    expect(server.connections()).toBe(before);
  });
});

describe('sent: may have been billed', () => {
  test('call: reset before an answer -> E_CALL_RESET', async () => {
    const base = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await adapter.call(modelCall(base))).toMatchObject({
      class: 'transport',
      code: 'E_CALL_RESET',
      status: null,
      mayHaveBeenBilled: true,
    });
  });

  test('call: closed before an answer -> E_CALL_RESET', async () => {
    const base = await listen((socket) => socket.once('data', () => socket.end()));
    expect(await adapter.call(modelCall(base))).toMatchObject({ code: 'E_CALL_RESET', mayHaveBeenBilled: true });
  });

  test('call: no HTTP at all -> E_CALL_RESET', async () => {
    const base = await listen((socket) => socket.once('data', () => socket.end('220 mail.example ESMTP\r\n')));
    expect(await adapter.call(modelCall(base))).toMatchObject({
      class: 'transport',
      code: 'E_CALL_RESET',
      mayHaveBeenBilled: true,
    });
  });

  test.each([
    ['ends too early', (socket: Socket) => socket.end()],
    ['is reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('call: a 200 whose body %s -> E_CALL_BODY', async (_, finish) => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"choices":[';
    const base = await listen((socket) => socket.once('data', () => socket.write(head, () => setTimeout(finish, 20, socket))));
    expect(await adapter.call(modelCall(base))).toMatchObject({
      class: 'transport',
      code: 'E_CALL_BODY',
      status: 200,
      mayHaveBeenBilled: true,
    });
  });

  test('call: a chunked body without its end -> E_CALL_BODY', async () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n';
    const base = await listen((socket) => socket.once('data', () => socket.end(head)));
    expect(await adapter.call(modelCall(base))).toMatchObject({ code: 'E_CALL_BODY', mayHaveBeenBilled: true });
  });

  const whole = JSON.stringify(completion());
  test.each([
    ['a length that is too large', `content-length: ${whole.length + 9}\r\n\r\n${whole}`],
    ['no last chunk', `transfer-encoding: chunked\r\n\r\n${whole.length.toString(16)}\r\n${whole}\r\n`],
  ])('call: a whole answer with %s -> read', async (_, rest) => {
    const base = await listen((socket) => socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`)));
    expect(await adapter.call(modelCall(base))).toMatchObject({ ok: true, answer: 'four' });
  });

  test('call: a refusal whose body is cut -> judged by its status', async () => {
    const head = 'HTTP/1.1 429 Too Many Requests\r\nretry-after: 3\r\ncontent-length: 500\r\n\r\n{"error":';
    const base = await listen((socket) => socket.once('data', () => socket.end(head)));
    expect(await adapter.call(modelCall(base))).toMatchObject({ class: 'rate', retryAfterMs: 3_000, mayHaveBeenBilled: false });
  });

  test('call: no answer within the deadline -> E_CALL_TIMEOUT, socket closed', async () => {
    let closed: () => void = () => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const base = await listen((socket) => socket.on('close', closed));
    const result = await adapter.call(modelCall(base, { timeoutMs: SENT_MS }));
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_TIMEOUT', status: null, mayHaveBeenBilled: true });
    await closing;
  });

  test('call: one byte now and then, for ever -> the total deadline ends it', async () => {
    const base = await listen((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
        const drip = setInterval(() => socket.write(' '), 10);
        socket.on('close', () => clearInterval(drip));
      });
    });
    const result = await adapter.call(modelCall(base, { timeoutMs: SENT_MS }));
    expect(result).toMatchObject({ code: 'E_CALL_TIMEOUT', status: 200, mayHaveBeenBilled: true });
  });

  test('call: cancelled while it waits -> E_CANCELLED, socket closed', async () => {
    const control = new AbortController();
    const base = await listen((socket) => socket.once('data', () => control.abort(new Error('cancel'))));
    const result = await adapter.call(modelCall(base, { signal: control.signal }));
    expect(result).toMatchObject({ class: 'cancelled', code: 'E_CANCELLED', mayHaveBeenBilled: true });
  });

  test('call: a body over the cap -> E_CALL_BODY, reading stops', async () => {
    let sent = 0;
    server.answer((_, response) => {
      response.writeHead(200);
      const block = Buffer.alloc(1024 * 1024, 0x20);
      const more = () => {
        while (!response.destroyed && sent < 200) {
          sent += 1;
          if (!response.write(block)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const result = await adapter.call(modelCall(server.base));
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_BODY', mayHaveBeenBilled: true });
    expect(result).toHaveProperty('message', 'the answer is larger than 32 MiB');
    expect(sent).toBeLessThan(200);
  });
});

describe('answers that break the rules of HTTP, as other clients read them', () => {
  const body = JSON.stringify(completion());
  const length = `content-length: ${body.length}`;
  const chunk = body.length.toString(16);
  test.each([
    ['bare line feeds', `HTTP/1.1 200 OK\n${length}\n\n${body}`],
    [
      'a length beside chunks',
      `HTTP/1.1 200 OK\r\n${length}\r\ntransfer-encoding: chunked\r\n\r\n${chunk}\r\n${body}\r\n0\r\n\r\n`,
    ],
    ['a control character in a header', `HTTP/1.1 200 OK\r\nx-a: a\u0001b\r\n${length}\r\n\r\n${body}`],
    ['a folded header', `HTTP/1.1 200 OK\r\nx-a: 1\r\n  2\r\n${length}\r\n\r\n${body}`],
    ['blanks after a chunk size', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk}  \r\n${body}\r\n0\r\n\r\n`],
    ['bare line feeds in chunks', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk}\n${body}\n0\n\n`],
    ['an interim answer', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${length}\r\n\r\n${body}`],
    ['20 kB of headers', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(20_000)}\r\n${length}\r\n\r\n${body}`],
  ])('call: %s -> the second call at the latest is read', async (_, text) => {
    const base = await listen((socket) => socket.once('data', () => socket.end(Buffer.from(text, 'latin1'))));
    const first = await adapter.call(modelCall(base));
    if (!first.ok) expect(first).toMatchObject({ class: 'transport', mayHaveBeenBilled: true });
    expect(await adapter.call(modelCall(base))).toMatchObject({ ok: true, answer: 'four' });
  });

  test('call: such a server that stops, hangs or is gone -> the same faults as of any other', async () => {
    let answer = (socket: Socket) => void socket.end(`HTTP/1.1 200 OK\n${length}\n\n${body}`);
    const base = await listen((socket) => socket.once('data', () => answer(socket)));
    await adapter.call(modelCall(base));
    expect((await adapter.call(modelCall(base))).ok).toBe(true);
    answer = (socket) => void socket.resetAndDestroy();
    expect(await adapter.call(modelCall(base))).toMatchObject({ code: 'E_CALL_RESET', mayHaveBeenBilled: true });
    answer = (socket) => void socket.end(`HTTP/1.1 200 OK\n${length}\n\n${body.slice(0, 9)}`);
    expect(await adapter.call(modelCall(base))).toMatchObject({ code: 'E_CALL_BODY', status: 200, mayHaveBeenBilled: true });
    let closed: () => void = () => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    answer = (socket) => void socket.once('close', closed);
    expect(await adapter.call(modelCall(base, { timeoutMs: SENT_MS }))).toMatchObject({
      code: 'E_CALL_TIMEOUT',
      mayHaveBeenBilled: true,
    });
    await closing;
    const { server: raw } = listening.pop() ?? {};
    await new Promise((resolve) => raw?.close(resolve));
    expect(await adapter.call(modelCall(base))).toMatchObject({ code: 'E_CALL_CONNECT', mayHaveBeenBilled: false });
  });
});

describe('encodings', () => {
  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('call: %s, though not asked for -> read', async (encoding, compress) => {
    server.answer((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(compress(JSON.stringify(completion())));
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, answer: 'four' });
  });

  test.each([
    ['gzip that is none', 'gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]), 'the answer was cut (Z_DATA_ERROR)'],
    ['an unknown encoding', 'zstd-9', Buffer.from('x'), 'the answer was cut (encoding zstd-9)'],
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1)), 'the answer is larger than 32 MiB (ERR_BUFFER_TOO_LARGE)'],
  ])('call: %s -> E_CALL_BODY', async (_, encoding, body, message) => {
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(body);
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({
      class: 'transport',
      code: 'E_CALL_BODY',
      message,
      mayHaveBeenBilled: true,
    });
  });

  const plain = Buffer.from(JSON.stringify(completion({ role: 'assistant', content: 'vier: ä 四' })));
  test.each([
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['gzip, br', brotliCompressSync(gzipSync(plain))],
    ['GZIP', gzipSync(plain)],
    // Without its last bytes, and not compressed at all.
    ['gzip', gzipSync(plain).subarray(0, -8)],
    ['gzip', plain],
    ['br', plain],
  ])('call: %s as other clients take it -> read', async (encoding, body) => {
    server.answer((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(body);
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, answer: 'vier: ä 四' });
  });

  test('call: brotli of any size, whatever byte it begins with -> read', async () => {
    const firsts = new Set<number>();
    for (const size of [1, 100, 10_000, 100_000, 2_000_000]) {
      // Little to gain by compression, so that the stream is about as long as its text.
      const content = Buffer.from(Array.from({ length: size }, (_, at) => (at * at * 7 + at * 13) % 251)).toString('base64');
      const body = brotliCompressSync(JSON.stringify(completion({ content })), {
        params: { [constants.BROTLI_PARAM_QUALITY]: 4 },
      });
      firsts.add(body[0] ?? 0);
      server.answer((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'br' });
        response.end(body);
      });
      const result = await adapter.call(modelCall(server.base));
      expect(result.ok && result.answer === content).toBe(true);
    }
    // One of them begins as JSON may: [ or {.
    expect([...firsts].some((byte) => byte === 0x5b || byte === 0x7b)).toBe(true);
  });

  const german = JSON.stringify(completion({ role: 'assistant', content: 'Grüße' }));
  const utf16be = Buffer.from(german, 'utf16le').swap16();
  test.each([
    ['application/json', Buffer.from(`\ufeff${german}`)],
    ['application/json; charset=iso-8859-1', Buffer.from(german, 'latin1')],
    ['application/json; charset="windows-1252"', Buffer.from(german, 'latin1')],
    // A server's default charset beside what is UTF-8 in truth.
    ['application/json; charset=iso-8859-1', Buffer.from(german)],
    ['application/json; charset=utf-16', Buffer.from(german, 'utf16le')],
    ['application/json', Buffer.from(`\ufeff${german}`, 'utf16le')],
    ['application/json', utf16be],
    ['application/json; charset=x-unheard-of', Buffer.from(german)],
    ['application/json; charset=gb18030', Buffer.from(german.replace('Grüße', 'GRUSS')), 'GRUSS'],
  ])('call: charset of %s -> read', async (type, body, text = 'Grüße') => {
    server.answer((_, response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, answer: text });
  });

  test('call: a charset of several bytes a character -> read', async () => {
    const japanese = Buffer.concat([
      Buffer.from('{"choices":[{"message":{"content":"'),
      Buffer.from([0x93, 0xfa, 0x96, 0x7b]),
      Buffer.from('"},"finish_reason":"stop"}]}'),
    ]);
    server.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=Shift_JIS' });
      response.end(japanese);
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, answer: '日本' });
  });

  test('call: header bytes that no Headers object takes -> the answer is kept', async () => {
    server.answer((_, response) => {
      response.writeHead(200, { 'x-odd': Buffer.from('snö').toString('latin1') });
      response.end(JSON.stringify(completion()));
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, answer: 'four' });
  });
});

describe('connections', () => {
  test('call: one after the other -> connections are used again', async () => {
    const own = await startAnsweringServer();
    own.answer(json(completion()));
    for (let i = 0; i < 10; i++) expect((await adapter.call(modelCall(own.base))).ok).toBe(true);
    // undici frees a connection one turn of the event loop after the answer, so the next call may open a second one.
    expect(own.connections()).toBeLessThanOrEqual(2);
    await own.close();
  });

  test('call: 40 at once -> none waits for another', async () => {
    const own = await startAnsweringServer();
    const waiting: (() => void)[] = [];
    own.answer((request, response, socket) => {
      waiting.push(() => json(completion())(request, response, socket));
      if (waiting.length === 40) for (const go of waiting) go();
    });
    const signal = new AbortController().signal;
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.name);
    process.on('warning', onWarning);
    const results = await Promise.all(Array.from({ length: 40 }, () => adapter.call(modelCall(own.base, { signal }))));
    process.off('warning', onWarning);
    expect(results.every((result) => result.ok)).toBe(true);
    expect(warnings).toEqual([]);
    await own.close();
  });

  test('close: a call under way -> it is finished first', async () => {
    const own = createSdkAdapter(ALL_WIRES);
    server.answer((request, response, socket) => setTimeout(() => json(completion())(request, response, socket), 50));
    const call = own.call(modelCall(server.base));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await own.close();
    expect(await call).toMatchObject({ ok: true, answer: 'four' });
  });
});
