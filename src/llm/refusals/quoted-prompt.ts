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

/** Where a text that was asked has a stretch of the sentence. */
interface Place {
  each: string;
  from: number;
}

/**
 * The first place in each of the texts of every stretch of the sentence. One pass over them, whatever they hold: prompts are long, and whoever
 * writes the sentence may be no friend.
 */
function placesOf(text: string, asked: readonly string[]): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (let at = 0; at + PROBE <= text.length; at += 1) places.set(text.slice(at, at + PROBE), []);
  if (places.size === 0) return places;
  for (const each of asked) {
    for (let from = 0; from + PROBE <= each.length; from += 1) {
      const known = places.get(each.slice(from, from + PROBE));
      if (known !== undefined && known.at(-1)?.each !== each) known.push({ each, from });
    }
  }
  return places;
}

/** How many characters from `at` on stand alike in one of the texts; 0 for too few. */
function repeatedFrom(text: string, at: number, places: ReadonlyMap<string, readonly Place[]>): number {
  let longest = 0;
  for (const { each, from } of places.get(text.slice(at, at + PROBE)) ?? []) {
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
  const places = placesOf(rest, asked);
  let kept = '';
  let at = 0;
  while (at < rest.length) {
    const repeated = repeatedFrom(rest, at, places);
    const to = repeated > 0 ? at + repeated : nextWord(rest, at);
    kept += repeated > 0 ? GONE : rest.slice(at, to);
    at = to;
  }
  return kept;
}
