/** Takes out of a provider's sentence what it repeats of the request: it is nobody's business, and its words are none of the provider's. Pure. */

const GONE = '[...]';
/** So many characters in a row are in both by no accident. */
const PROBE = 24;
/** A shorter text that was asked is known by all of it, unless it is a mere word. */
const SHORT = /^(?=.{8,24}$)\S+(?: \S+)+$/;
const WORD_CHARACTER = /[\p{L}\p{N}_]/u;

/** Where the next word begins behind `at`. */
function nextWord(text: string, at: number): number {
  let next = at + 1;
  while (next < text.length && WORD_CHARACTER.test(text[next] as string)) next += 1;
  while (next < text.length && !WORD_CHARACTER.test(text[next] as string)) next += 1;
  return next;
}

/** How many characters from `at` on stand alike in one of the texts; 0 for too few. */
function repeatedFrom(text: string, at: number, asked: readonly string[]): number {
  const probe = text.slice(at, at + PROBE);
  if (probe.length < PROBE) return 0;
  let longest = 0;
  for (const each of asked) {
    const from = each.indexOf(probe);
    if (from === -1) continue;
    let length = PROBE;
    while (at + length < text.length && text[at + length] === each[from + length]) length += 1;
    longest = Math.max(longest, length);
  }
  return longest;
}

/** `asked`: the texts of the request. Stretches of 24 characters and more that stand in one of them go, and short texts as a whole. */
export function withoutRepeated(text: string, asked: readonly string[]): string {
  let rest = text;
  for (const each of asked) if (SHORT.test(each.trim())) rest = rest.replaceAll(each.trim(), GONE);
  let kept = '';
  let at = 0;
  while (at < rest.length) {
    const repeated = repeatedFrom(rest, at, asked);
    const to = repeated > 0 ? at + repeated : nextWord(rest, at);
    kept += repeated > 0 ? GONE : rest.slice(at, to);
    at = to;
  }
  return kept;
}
