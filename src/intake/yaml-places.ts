/** Where keys, values and characters of a YAML document stand. */
import { type Document, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { KeyPath, TaskPlaces } from './task-problems.js';
import type { Walk } from './yaml-walk.js';

/** The nth `{{` of the value is the nth `{{` of its source text, however it is quoted or folded. */
function braceOffset(source: string, value: string, offset: number): number {
  let occurrence = 0;
  for (let at = value.indexOf('{', 0); at >= 0 && at < offset; at = value.indexOf('{', at + 1)) occurrence += 1;
  let at = source.indexOf('{');
  for (; at >= 0 && occurrence > 0; occurrence -= 1) at = source.indexOf('{', at + 1);
  return Math.max(0, at);
}

export function placesOf(doc: Document, walk: Walk): TaskPlaces {
  /** Pairs by the name of their key: a file may have 30,000 of them. */
  const indexes = new WeakMap<YAMLMap, Map<string, Pair>>();
  const indexOf = (map: YAMLMap) => {
    let index = indexes.get(map);
    if (!index) {
      index = new Map();
      for (const pair of map.items) {
        if (!isScalar(pair.key)) continue;
        const name = typeof pair.key.value === 'string' ? pair.key.value : String(pair.key.source ?? '');
        if (!index.has(name)) index.set(name, pair);
      }
      indexes.set(map, index);
    }
    return index;
  };
  const pairAt = (path: KeyPath): { key: unknown; value: unknown } | null => {
    let node: unknown = doc.contents;
    let found: { key: unknown; value: unknown } | null = null;
    for (const step of path) {
      if (isSeq(node)) {
        const item = node.items[Number(step)];
        if (item === undefined) return found;
        found = { key: item, value: item };
      } else if (isMap(node)) {
        const pair = indexOf(node).get(String(step));
        if (!pair) return found;
        found = { key: pair.key, value: pair.value ?? pair.key };
      } else return found;
      node = found.value;
    }
    return found;
  };
  const value = (path: KeyPath) => {
    const pair = pairAt(path);
    return pair ? walk.place(walk.start(pair.value)) : { ...(walk.file === undefined ? {} : { file: walk.file }) };
  };
  return {
    value,
    key: (path) => {
      const pair = pairAt(path);
      return pair ? walk.place(walk.start(pair.key)) : value([]);
    },
    inText: (path, text, offset) => {
      const node = pairAt(path)?.value as Node | undefined;
      if (!node?.range || text[offset] !== '{') return value(path);
      return walk.place(node.range[0] + braceOffset(walk.text.slice(node.range[0], node.range[1]), text, offset));
    },
  };
}
