/** Reads the imports out of TypeScript source text, without a compiler: enough of the grammar to be sure, not to be complete. */

export interface SourceImport {
  /** As written: `../core/model.js`, `node:fs`, `zod`. */
  specifier: string;
  /** `type` is erased by the compiler, `value` runs when the file loads, `lazy` is a dynamic `import()`. */
  kind: 'type' | 'value' | 'lazy';
  /** 1-based. */
  line: number;
}

/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[\]+\-*%~^<>]|\b(?:return|typeof|case|in|of|await|void|delete))\s*$/;

interface Masked {
  /** The text with the inside of comments, strings and regular expressions blanked; length and lines unchanged. */
  code: string;
  /** Start of each quoted string (position of the quote) -> its content. */
  strings: Map<number, string>;
}

/** Blanks comments, strings, template text and regular expressions, so that what is left can be searched for code. */
export function maskSource(text: string): Masked {
  const strings = new Map<number, string>();
  let code = '';
  /** Depth of braces at which each open template literal goes on. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const keep = (to: number): void => {
    code += text.slice(at, to);
    at = to;
  };
  const blank = (to: number): void => {
    code += text.slice(at, to).replace(/[^\n]/g, ' ');
    at = to;
  };
  const endOf = (close: RegExp, from: number): number => {
    close.lastIndex = from;
    const match = close.exec(text);
    return match ? match.index + match[0].length : text.length;
  };
  /** Blanks template text from `at` to the closing back-tick or the next `${`. */
  const templateText = (): void => {
    const end = endOf(/(?:[^\\`$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y, at);
    const opens = text.slice(0, end).endsWith('${');
    blank(end - (opens ? 2 : 1));
    keep(end);
    if (opens) {
      templates.push(depth);
      depth += 1;
    }
  };
  while (at < text.length) {
    const char = text[at];
    const two = text.slice(at, at + 2);
    if (two === '//') blank(endOf(/(?=\n)/g, at));
    else if (two === '/*') blank(endOf(/\*\//g, at + 2));
    else if (char === "'" || char === '"') {
      const end = endOf(char === "'" ? /(?:[^\\'\n]|\\[\s\S])*'/y : /(?:[^\\"\n]|\\[\s\S])*"/y, at + 1);
      strings.set(at, text.slice(at + 1, end - 1));
      keep(at + 1);
      blank(end - 1);
      keep(end);
    } else if (char === '`') {
      keep(at + 1);
      templateText();
    } else if (char === '/' && BEFORE_REGEX.test(code.slice(-20))) {
      blank(endOf(/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*\/[a-z]*/y, at + 1));
    } else if (char === '{') {
      depth += 1;
      keep(at + 1);
    } else if (char === '}') {
      depth -= 1;
      keep(at + 1);
      if (templates.at(-1) === depth) {
        templates.pop();
        templateText();
      }
    } else keep(at + 1);
  }
  return { code, strings };
}

/** Number of the line that a position is on, 1-based. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/**
 * All imports and re-exports of a file. `import { type A } from` counts as a value: under verbatimModuleSyntax the import
 * statement stays. `import('x')` in a type counts as a type. A dynamic import of anything but a quoted string has the
 * specifier `(computed)`.
 */
export function sourceImports(text: string): SourceImport[] {
  const { code, strings } = maskSource(text);
  const found: SourceImport[] = [];
  const add = (quote: number, kind: SourceImport['kind']): void => {
    found.push({ specifier: strings.get(quote) ?? '(computed)', kind, line: lineAt(text, quote) });
  };
  const statement = /^[ \t]*(?:import|export)\b(?<clause>[\s\w$*,{}]*?)\bfrom\s*(?=['"])/gm;
  for (const match of code.matchAll(statement)) {
    const isType = /^\s*type\s*(?:\s[\w$]|[{*])/.test(match.groups?.['clause'] ?? '');
    add(match.index + match[0].length, isType ? 'type' : 'value');
  }
  for (const match of code.matchAll(/^[ \t]*import\s*(?=['"])/gm)) add(match.index + match[0].length, 'value');
  for (const match of code.matchAll(/(?<before>\btypeof\s+)?(?<![\w$.])import\s*\(\s*/g)) {
    const quote = match.index + match[0].length;
    const after = /^['"]\s*['"]\s*\)\s*\.\s*[A-Z]/.test(code.slice(quote));
    add(quote, match.groups?.['before'] || after ? 'type' : 'lazy');
  }
  return found.sort((a, b) => a.line - b.line);
}
