// @ts-check
/** The types that src/ declares, with their docstrings, as the compiler sees them. What has no docstring is an error: see `missing`. */
import { join } from 'node:path';
import { isIndexedAccessTypeNode, isLiteralTypeNode, isStringLiteral } from 'typescript/unstable/ast';
import { API, NodeBuilderFlags, SignatureKind, SymbolFlags, TypeFlags } from 'typescript/unstable/sync';

/** @typedef {import('typescript/unstable/sync').Type} Type */
/** @typedef {import('typescript/unstable/sync').Symbol} Declared */
/** @typedef {{ path: string, type: string, text: string }} Field */

const PRINTED =
  NodeBuilderFlags.NoTruncation |
  NodeBuilderFlags.UseSingleQuotesForStringLiteralType |
  NodeBuilderFlags.UseAliasDefinedOutsideCurrentScope;

export class DeclaredTypes {
  /** Names of what has no docstring. @type {Set<string>} */
  missing = new Set();
  #api;
  #project;

  /** @param {string} root of the checkout */
  constructor(root) {
    this.root = root;
    this.#api = new API({ cwd: root });
    const [project] = this.#api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects();
    if (project === undefined) throw new Error('the compiler opens no project');
    this.#project = project;
  }

  get checker() {
    return this.#project.checker;
  }

  close() {
    this.#api.close();
  }

  /**
   * What a file exports, by name.
   * @param {string} file from the root
   * @returns {Map<string, Declared>}
   */
  exportsOf(file) {
    const source = this.#project.program.getSourceFile(join(this.root, file));
    const module = source && this.checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`the compiler does not know ${file}`);
    return new Map(
      this.checker
        .getExportsOfModule(module)
        .map((one) => [one.name, one.flags & SymbolFlags.Alias ? this.checker.getAliasedSymbol(one) : one]),
    );
  }

  /**
   * A type that a file exports.
   * @param {string} file from the root
   * @param {string} name
   */
  typeOf(file, name) {
    const found = this.exportsOf(file).get(name);
    if (found === undefined) throw new Error(`${file} exports no ${name}`);
    return { symbol: found, type: this.checker.getDeclaredTypeOfSymbol(found) };
  }

  /** @param {Type} type */
  print(type) {
    return this.checker.typeToString(type, undefined, PRINTED);
  }

  /**
   * A declaration as it is written, without comments.
   * @param {Declared} symbol
   * @returns {string[]} of each
   */
  written(symbol) {
    return symbol.declarations.map((handle) =>
      (handle.resolve(this.#project)?.getText() ?? '')
        .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
  }

  /**
   * What an alias stands for: as it is written, but for what is taken from a value.
   * @param {Declared} alias
   */
  definition(alias) {
    const [, written = ''] = this.written(alias)[0]?.split(/ = ?(?:\| )?/) ?? [];
    return /\btypeof\b/.test(written) ? this.plain(this.checker.getDeclaredTypeOfSymbol(alias)) : written.replace(/;$/, '');
  }

  /** False for what comes from JavaScript or a package. @param {Declared} symbol */
  isOurs(symbol) {
    return symbol.declarations.some(({ path }) => path.includes('/src/') && !path.includes('/node_modules/'));
  }

  /**
   * The text of a file from a place on.
   * @param {string} file from the root
   * @param {string} place
   */
  textFrom(file, place) {
    const text = this.#project.program.getSourceFile(join(this.root, file))?.text ?? '';
    return text.slice(Math.max(0, text.indexOf(place)));
  }

  /**
   * Its docstring in one line, the default behind it.
   * @param {Declared} symbol
   * @param {string} name for the list of what has none
   */
  textOf(symbol, name) {
    const said = this.#said(symbol);
    if (said === '') this.missing.add(name);
    return said;
  }

  /**
   * The properties of a type in the order in which they are declared, inherited ones first; of a union those that all its members have.
   * @param {Type} type
   * @returns {Declared[]}
   */
  propertiesOf(type) {
    if (type.isUnionType()) {
      const [first] = type.getTypes();
      const names = first === undefined ? [] : this.propertiesOf(first).map(({ name }) => name);
      return names.flatMap((name) => this.checker.getPropertyOfType(type, name) ?? []);
    }
    const parts = type.isIntersectionType() ? type.getTypes() : type.isClassOrInterface() ? this.checker.getBaseTypes(type) : [];
    /** @type {Map<string, Declared>} */
    const found = new Map();
    for (const one of parts.flatMap((part) => this.propertiesOf(part))) found.set(one.name, one);
    for (const one of this.checker.getPropertiesOfType(type)) found.set(one.name, one);
    return [...found.values()];
  }

  /**
   * The fields of a JSON object, those of objects in it behind them: `usage.input`, `files[].name`.
   * @param {Type} type
   * @param {string} owner its name
   * @param {readonly Declared[]} properties @default all
   * @returns {Field[]}
   */
  fieldsOf(type, owner, properties = this.propertiesOf(type)) {
    return properties.flatMap((property) => {
      const { shown, inner, list } = this.#shapeOf(this.typeOfValue(property));
      const said = /^'[^']*'$/.test(shown) ? 'Always this.' : this.textOf(property, `${owner}.${property.name}`);
      const text = property.flags & SymbolFlags.Optional ? `${said} May be absent.` : said;
      const path = `${property.name}${list ? '[]' : ''}`;
      const nested = inner === null ? [] : this.fieldsOf(inner, `${owner}.${property.name}`);
      return [
        { path: property.name, type: shown, text },
        ...nested.map((field) => ({ ...field, path: `${path}.${field.path}` })),
      ];
    });
  }

  /** @param {Declared} value a property or a constant */
  typeOfValue(value) {
    const type = this.checker.getTypeOfSymbol(value);
    if (type === undefined) throw new Error(`${value.name} has no type`);
    return type;
  }

  /**
   * How the type of a JSON value is shown; `inner` is the object in it.
   * @param {Type} type
   * @returns {{ shown: string, inner: Type | null, list: boolean }}
   */
  #shapeOf(type) {
    const all = type.isUnionType() ? type.getTypes() : [type];
    const parts = all.filter((part) => !(part.flags & (TypeFlags.Undefined | TypeFlags.Null)));
    const orNull = all.some((part) => part.flags & TypeFlags.Null) ? ' | null' : '';
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      const element = this.checker.isArrayLikeType(only) ? this.#elementOf(only) : null;
      const inner = element ?? only;
      if (this.hasFields(inner)) return { shown: `object${element ? '[]' : ''}${orNull}`, inner, list: element !== null };
      if (element) return { shown: `${this.plain(element)}[]${orNull}`, inner: null, list: true };
    }
    return { shown: this.plain(type), inner: null, list: false };
  }

  /** @param {Type} list */
  #elementOf(list) {
    const [element] = list.isTypeReference() ? this.checker.getTypeArguments(list) : [];
    return element ?? null;
  }

  /**
   * True for an object whose fields are known.
   * @param {Type} type
   * @returns {boolean}
   */
  hasFields(type) {
    if (type.isUnionType()) return type.getTypes().every((part) => this.hasFields(part));
    if (!type.isObjectType() && !type.isIntersectionType()) return false;
    if (this.checker.getSignaturesOfType(type, SignatureKind.Call).length > 0) return false;
    return this.checker.getPropertiesOfType(type).length > 0;
  }

  /** A union of words is written out, whatever its name. @param {Type} type */
  plain(type) {
    if (!type.isUnionType()) return this.#word(type);
    const words = type.getTypes().map((part) => this.#word(part));
    if (words.includes('true') && words.includes('false')) words.splice(words.indexOf('true'), 1);
    const shown = [...new Set(words.map((word) => (word === 'false' ? 'boolean' : word)))].filter((word) => word !== 'undefined');
    return [...shown.filter((word) => word !== 'null'), ...shown.filter((word) => word === 'null')].join(' | ');
  }

  /** @param {Type} type */
  #word(type) {
    if (type.flags & TypeFlags.Unknown) return 'any JSON';
    if (type.isObjectType() && this.checker.getIndexInfosOfType(type).length > 0) return 'object';
    return this.print(type);
  }

  /**
   * Own words; without them those of what the type names (`Progress['calls']`); of a property of a union those of the first that has any.
   * @param {Declared} symbol
   * @returns {string}
   */
  #said(symbol) {
    const text = symbol.getDocumentationComment(this.checker).replaceAll(/\s+/g, ' ').trim();
    const initial = symbol
      .getJsDocTags(this.checker)
      .find(({ name }) => name === 'default')
      ?.text?.trim();
    if (text !== '') return initial === undefined ? text : `${text}${/[.!?]$/.test(text) ? '' : '.'} Default: ${initial}.`;
    for (const handle of symbol.declarations) {
      const node = /** @type {{ type?: import('typescript/unstable/ast').Node } | undefined} */ (handle.resolve(this.#project));
      const said = node?.type === undefined ? '' : this.#saidByType(node.type);
      if (said !== '') return said;
    }
    return '';
  }

  /** @param {import('typescript/unstable/ast').Node} node of a type */
  #saidByType(node) {
    if (!isIndexedAccessTypeNode(node) || !isLiteralTypeNode(node.indexType)) return '';
    const { literal } = node.indexType;
    const owner = this.checker.getTypeFromTypeNode(node.objectType);
    if (owner === undefined || !isStringLiteral(literal)) return '';
    for (const part of owner.isUnionType() ? owner.getTypes() : [owner]) {
      const property = this.checker.getPropertyOfType(part, literal.text);
      const said = property === undefined ? '' : this.#said(property);
      if (said !== '') return said;
    }
    return '';
  }
}
