/** Answers that do not arrive as they should: each takes the response and the body that a sound answer would have. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { BreakKind } from './faults.js';

const JSON_TYPE = 'application/json';
/** What a `gzip_bomb` unpacks to. */
const BOMB_BYTES = 256 * 1024 * 1024;
/** What `huge` sends at most: one line of 1 GiB. */
const HUGE_BYTES = 1024 * 1024 * 1024;
/** Blank lines that `blanks` sends before its sound answer, 20 ms apart. */
const BLANK_LINES = 10;

function ok(res: ServerResponse, type: string, body: string | Buffer, more: string[] = []): void {
  res.writeHead(200, ['content-type', type, 'content-length', String(Buffer.byteLength(body)), ...more]);
  res.end(body);
}

/** Runs `step` every `ms` until it returns false or the client is gone. */
function every(res: ServerResponse, ms: number, step: () => boolean): void {
  const timer = setInterval(() => {
    if (!step()) clearInterval(timer);
  }, ms);
  res.once('close', () => clearInterval(timer));
}

function slow(res: ServerResponse, body: string): void {
  const bytes = Buffer.from(body);
  let sent = 0;
  res.writeHead(200, ['content-type', JSON_TYPE, 'content-length', String(bytes.length)]);
  every(res, 1000, () => {
    sent += 1;
    if (sent < bytes.length) return res.write(bytes.subarray(sent - 1, sent)) || true;
    res.end(bytes.subarray(sent - 1));
    return false;
  });
}

function blanks(res: ServerResponse, body: string): void {
  let sent = 0;
  res.writeHead(200, ['content-type', JSON_TYPE]);
  every(res, 20, () => {
    sent += 1;
    if (sent <= BLANK_LINES) return res.write('\n') || true;
    res.end(body);
    return false;
  });
}

function huge(res: ServerResponse): void {
  const block = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  res.writeHead(200, ['content-type', JSON_TYPE]);
  const more = () => {
    while (sent < HUGE_BYTES && !res.destroyed) {
      sent += block.length;
      if (!res.write(block)) {
        res.once('drain', more);
        return;
      }
    }
    res.end();
  };
  more();
}

let bomb: Buffer | null = null;

/** Sends a spoiled answer. `hang` and `slow` last until the client leaves. `body`: of a sound answer, for `error200` that of an error. */
export function sendBroken(how: BreakKind, res: ServerResponse, body: string): void {
  switch (how) {
    case 'error200':
      ok(res, JSON_TYPE, body);
      break;
    case 'malformed':
      ok(res, JSON_TYPE, body.slice(0, -Math.ceil(body.length / 3)));
      break;
    case 'html':
      ok(res, 'text/html', '<!doctype html><html><head><title>Sign in to the network</title></head><body>Sign in</body></html>');
      break;
    case 'gzip_bomb':
      bomb ??= gzipSync(Buffer.alloc(BOMB_BYTES, ' '));
      ok(res, JSON_TYPE, bomb, ['content-encoding', 'gzip']);
      break;
    case 'truncated': {
      const bytes = Buffer.from(body);
      res.writeHead(200, ['content-type', JSON_TYPE, 'content-length', String(bytes.length)]);
      res.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => res.destroy());
      break;
    }
    case 'reset':
      res.socket?.resetAndDestroy();
      break;
    case 'slow':
      slow(res, body);
      break;
    case 'blanks':
      blanks(res, body);
      break;
    case 'huge':
      huge(res);
      break;
    case 'hang':
      break;
  }
}
