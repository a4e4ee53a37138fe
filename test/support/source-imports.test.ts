import { describe, expect, it } from 'vitest';
import { maskSource, sourceImports } from './source-imports.js';

const kinds = (text: string): string[] => sourceImports(text).map(({ kind, specifier }) => `${kind} ${specifier}`);

describe('sourceImports', () => {
  it('static imports and re-exports: any shape -> value', () => {
    expect(
      kinds(
        [
          "import a from 'a';",
          "import * as b from 'b';",
          "import c, { d } from 'c';",
          "import {\n  e,\n  type F,\n} from 'e';",
          "import 'g';",
          "export { h } from 'h';",
          "export * from 'i';",
          "export * as j from 'j';",
          "import { type K } from 'k';",
          "import type from 'l';",
        ].join('\n'),
      ),
    ).toEqual(['value a', 'value b', 'value c', 'value e', 'value g', 'value h', 'value i', 'value j', 'value k', 'value l']);
  });

  it('import type, export type, typeof import(), import().Name -> type', () => {
    expect(
      kinds(
        [
          "import type { A } from 'a';",
          "import type * as b from 'b';",
          "import type C from 'c';",
          "export type { D } from 'd';",
          "export type * from 'e';",
          "let f: typeof import('f');",
          "let g: import('g').G;",
        ].join('\n'),
      ),
    ).toEqual(['type a', 'type b', 'type c', 'type d', 'type e', 'type f', 'type g']);
  });

  it('dynamic import -> lazy; not of a literal -> (computed)', () => {
    expect(kinds("const a = await import('a');\nimport('b').then(go);\nawait import(path);\nawait import(`./x${y}`);")).toEqual([
      'lazy a',
      'lazy b',
      'lazy (computed)',
      'lazy (computed)',
    ]);
  });

  it('imports inside comments, strings, templates and regular expressions -> none', () => {
    expect(
      kinds(
        [
          "// import a from 'a';",
          "/*\nimport b from 'b';\n*/",
          'const s = "import(\'c\')";',
          "const t = `\nimport d from 'd';\n${f(`import('e')`)} import('f')`;",
          "const r = /import\\('g'\\)['\"`/*]/g;",
          "import h from 'h';",
        ].join('\n'),
      ),
    ).toEqual(['value h']);
  });

  it('an import inside a template expression -> found, with its line', () => {
    expect(sourceImports("const a = 1 / 2;\nconst t = `x ${{ b: await import('c') }} ' ${'}'}`;\nimport d from 'd';")).toEqual([
      { kind: 'lazy', specifier: 'c', line: 2 },
      { kind: 'value', specifier: 'd', line: 3 },
    ]);
  });

  it('exported names that contain from, and member calls named import -> none', () => {
    expect(
      kinds("export const from = 'a';\nexport function x() {\n  return loader.import('b');\n}\nexport { from };\nconst y = 'c';"),
    ).toEqual([]);
  });
});

describe('maskSource', () => {
  it('any text -> same length and lines, code kept', () => {
    const text =
      "const a = 'x//y'; // process.env\nprocess.env;\n/* Date.now() */ b = /[/'\"]/.test(a) ? 1 : `process.env ${Date.now()}`;\n";
    const { code } = maskSource(text);
    expect(code).toHaveLength(text.length);
    expect(code.split('\n')).toHaveLength(text.split('\n').length);
    expect(code.match(/process\.env/g)).toHaveLength(1);
    expect(code.match(/Date\.now\(\)/g)).toHaveLength(1);
  });
});
