/** Makes text from outside safe to show and to store: no secrets, no control characters, short. Pure. */

const MASK = '[redacted]';

/** No name of a model or a request is longer. */
const NAME_LENGTH = 200;

/** Longest part of an outside text that is looked at. */
const SEARCHED = 8_192;

/** Shorter values are no secrets but words ("test", "none"); masking them would garble every message. */
export const SHORTEST_SECRET = 6;

// Escape sequences go as a whole (CSI, OSC with its text, other two-byte ones), then lone control and direction characters.
const ESCAPES = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -~]|\u009b[0-?]*[ -/]*[@-~]/g;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const INVISIBLES = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Removes escape sequences and invisible characters; line breaks and other control characters become one space. */
export function stripControls(text: string): string {
  return text.replace(ESCAPES, '').replace(INVISIBLES, '').replace(CONTROLS, ' ');
}

/** Known shapes of keys; the second line of defence, for keys that are not ours. */
const SHAPES: readonly RegExp[] = [
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}/g, // OpenAI, Anthropic, OpenRouter, DeepSeek and many more
  /\b(?:gsk|hf|r8|fw|tgp_v1|ghp|gho|glpat|xai|pplx|nvapi|csk|key)[_-][A-Za-z0-9_-]{12,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{12,}/g,
  /\bAIza[A-Za-z0-9_-]{12,}/g, // Google API keys
  /\bAQ\.[A-Za-z0-9_-]{12,}/g, // Google auth keys since 2026
  /\bya29\.[A-Za-z0-9_-]{12,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g, // JWT
];
const BEARER = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;
const URL_USER = /([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"']{1,256}@/gi;
const URL_PARAMETER = /([?&](?:key|api[_-]?key|token|access[_-]?token)=)[^\s&"']+/gi;

/** The middle of a secret's base64 at each of the three places where it may begin within an encoded text. */
function base64Forms(secret: string): string[] {
  const forms: string[] = [];
  const bytes = Buffer.from(secret, 'utf8');
  for (const pad of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(pad), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last group also hold neighbouring bits; the whole groups between them do not.
    const from = pad === 0 ? 0 : 4;
    const middle = encoded.slice(from, (pad + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 2);
    if (middle.length >= SHORTEST_SECRET) forms.push(middle, middle.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

function formsOf(secret: string): string[] {
  // Half a surrogate pair cannot be URL-encoded.
  const url = /\p{Surrogate}/u.test(secret) ? '' : encodeURIComponent(secret);
  const lowerUrl = url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const forms = [secret, stripControls(secret), JSON.stringify(secret).slice(1, -1), url, lowerUrl, ...base64Forms(secret)];
  return forms.filter((form) => form.length >= SHORTEST_SECRET);
}

/**
 * What may stand between two characters of a secret that was wrapped, quoted, escaped or set apart on its way: everything that is neither a
 * letter nor a digit, and the letters of escapes, entities and tags.
 */
const BETWEEN =
  /\\{1,4}(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[nrtfbv0])|%[0-9a-f]{2}|&(?:#x?[0-9a-f]{1,6}|[a-z]{2,8});|<\/?[a-z][^<>]{0,60}>|[^\p{L}\p{N}]/giu;

/** The letters and digits of a text, and where each stands in it. */
function bare(text: string): { kept: string; places: number[] } {
  let kept = '';
  const places: number[] = [];
  let from = 0;
  const keep = (to: number) => {
    for (let at = from; at < to; at++) places.push(at);
    kept += text.slice(from, to);
  };
  for (const match of text.matchAll(BETWEEN)) {
    keep(match.index);
    from = match.index + match[0].length;
  }
  keep(text.length);
  return { kept, places };
}

/** Masks secrets whatever stands between their characters. Linear in the text, whoever wrote it. */
function maskSplit(text: string, secrets: readonly string[]): string {
  const { kept, places } = bare(text);
  const found: { from: number; to: number }[] = [];
  for (const form of secrets.flatMap((secret) => [secret, ...base64Forms(secret)])) {
    const needle = bare(form).kept;
    if (needle.length < SHORTEST_SECRET) continue;
    for (let at = kept.indexOf(needle); at !== -1; at = kept.indexOf(needle, at + needle.length)) {
      found.push({ from: places[at] ?? 0, to: (places[at + needle.length - 1] ?? 0) + 1 });
    }
  }
  let safe = '';
  let at = 0;
  for (const { from, to } of found.sort((a, b) => a.from - b.from)) {
    // Two forms of the same secret may overlap.
    if (from >= at) safe += `${text.slice(at, from)}${MASK}`;
    at = Math.max(at, to);
  }
  return safe + text.slice(at);
}

/** Control characters removed and `secrets` masked in all their forms. */
function masked(text: string, secrets: readonly string[]): string {
  let safe = stripControls(text.slice(0, SEARCHED));
  const forms = secrets.flatMap(formsOf).sort((a, b) => b.length - a.length);
  for (const form of forms) safe = safe.replaceAll(form, MASK);
  return maskSplit(safe, secrets);
}

function cutTo(safe: string, limit: number): string {
  if (safe.length <= limit) return safe;
  const cut = safe.slice(0, limit - 1);
  // Never half of a surrogate pair.
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** As `redact`, for a name: what only looks like a key is kept, for models are called so (`xai-grok-4-fast-reasoning`). */
export function safeName(name: string, secrets: readonly string[]): string {
  return cutTo(masked(name, secrets).trim(), NAME_LENGTH);
}

/**
 * Text that is safe to show, log and store: control characters removed, `secrets` masked in their raw, base64, URL and JSON
 * forms, also with line breaks or other signs between their characters, then anything that looks like a key; at most `limit` characters (200), an ellipsis included.
 */
export function redact(text: string, secrets: readonly string[], limit = 200): string {
  let safe = masked(text, secrets);
  for (const shape of SHAPES) safe = safe.replace(shape, MASK);
  safe = safe.replace(BEARER, `$1 ${MASK}`).replace(URL_USER, `$1${MASK}@`).replace(URL_PARAMETER, `$1${MASK}`).trim();
  return cutTo(safe, limit);
}
