/** The parser's tree -> plain values. Refuses what a task has no use for: aliases, tags, merge keys, duplicate keys, large numbers. */
import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair, type Scalar } from 'yaml';
import type { Place, Problem } from '../core/errors.js';
import { REFUSED } from './task-problems.js';

type Fault = Omit<Problem, 'place'>;

export const UNQUOTED: Fault = {
  code: 'E_TEMPLATE_UNQUOTED',
  found: 'a value begins with {{ and has no quotes, so YAML reads it as a map',
  allowed: 'a template in quotes, or after | on its own lines',
  fix: 'write it as prompt_template: "{{seed}}"',
};

export class Walk {
  readonly problems: Problem[] = [];

  constructor(
    readonly text: string,
    readonly lines: LineCounter,
    readonly file: string | undefined,
  ) {}

  place(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { ...(this.file === undefined ? {} : { file: this.file }), line: Math.max(1, line), column: Math.max(1, col) };
  }

  refuse(offset: number, fault: Fault): typeof REFUSED {
    if (this.problems.length < 20) this.problems.push({ ...fault, place: this.place(offset) });
    return REFUSED;
  }

  start(node: unknown): number {
    return (node as Node | null)?.range?.[0] ?? 0;
  }

  value(node: unknown): unknown {
    if (node === null || node === undefined) return null;
    const { tag } = node as Node;
    if (tag !== undefined) {
      // A non-specific or custom tag stands before the value; its own offset is not kept in the tree.
      const found = `the value has the tag ${this.shownTag(tag)}`;
      return this.refuse(this.start(node), {
        code: 'E_YAML_TAG',
        found,
        allowed: 'plain values without tags',
        fix: 'remove the tag',
      });
    }
    if (isAlias(node)) {
      const found = `*${node.source} repeats another value`;
      return this.refuse(this.start(node), {
        code: 'E_YAML_ALIAS',
        found,
        allowed: 'values written out',
        fix: 'write the value again instead of the alias',
      });
    }
    if (isMap(node)) return this.map(node.items, this.text.startsWith('{{', this.start(node)) ? this.start(node) : -1);
    if (isSeq(node)) return node.items.map((item) => this.value(item));
    if (isScalar(node)) return this.scalar(node);
    return null;
  }

  shownTag(tag: string): string {
    return tag.replace(/^tag:yaml\.org,2002:/, '!!').slice(0, 60);
  }

  scalar(node: Scalar): unknown {
    const { value } = node;
    if (typeof value === 'bigint') {
      if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
      return this.refuse(this.start(node), {
        code: 'E_TASK_PRECISION',
        found: `${String(node.source).slice(0, 40)} is over 2^53; its last digits would be lost`,
        allowed: 'whole numbers up to 9007199254740991',
        fix: 'write a smaller number, or text in quotes',
      });
    }
    return value;
  }

  map(items: readonly Pair[], unquotedAt: number): unknown {
    if (unquotedAt >= 0) return this.refuse(unquotedAt, UNQUOTED);
    const entries: [string, unknown][] = [];
    const seen = new Map<string, number>();
    for (const { key, value } of items) {
      if (!isScalar(key) || key.tag !== undefined) {
        if (isAlias(key) || (key as Node | null)?.tag !== undefined) this.value(key);
        else if (isMap(key) && this.text.startsWith('{', this.start(key))) this.refuse(this.start(key), UNQUOTED);
        else
          this.refuse(this.start(key), {
            code: 'E_TASK_SHAPE',
            found: 'a key is not text',
            allowed: 'key: value',
            fix: 'write the key as text',
          });
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : String(key.source ?? '');
      const offset = this.start(key);
      if (name === '<<' && key.type === 'PLAIN') {
        this.refuse(offset, {
          code: 'E_YAML_MERGE',
          found: '<< merges another map',
          allowed: 'keys written out',
          fix: 'copy the keys instead',
        });
        continue;
      }
      const earlier = seen.get(name);
      if (earlier !== undefined) {
        const found = `${JSON.stringify(name.slice(0, 80))} is given twice: in line ${this.place(earlier).line} and in line ${this.place(offset).line}`;
        this.refuse(offset, { code: 'E_YAML_DUP_KEY', found, allowed: 'each key once', fix: 'remove one of the two lines' });
        continue;
      }
      seen.set(name, offset);
      entries.push([name, this.value(value)]);
    }
    return Object.fromEntries(entries);
  }
}
