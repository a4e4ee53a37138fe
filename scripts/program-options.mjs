// @ts-check
/** The options of our own programs (soak, benchmarks): what is wrong is said in a line with all that there is, never as a stack trace. */
import { parseArgs } from 'node:util';

/**
 * `value` names what follows the option, `whole` asks for a whole number, `allParts` does not go with `--only`.
 *
 * @typedef {{
 *   type: 'string' | 'boolean', default?: string | boolean, short?: string, value?: string, whole?: boolean, allParts?: boolean, about: string
 * }} ProgramOption
 */

/**
 * `parts` are what `--only` takes, each with what it is; it may be empty.
 *
 * @template {Record<string, ProgramOption>} O
 * @typedef {{command: string, about: string, parts: Readonly<Record<string, string>>, options: O}} Program
 */

/** To be among the options of each program. */
export const HELP = /** @type {const} */ ({ type: 'boolean', short: 'h', default: false, about: 'this text' });

/** @param {readonly (readonly [string, string])[]} lines */
function columns(lines) {
  const width = Math.max(0, ...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}

/** @param {Program<Record<string, ProgramOption>>} program */
export function usageText({ command, about, parts, options }) {
  const names = Object.entries(options).map(([name, { short, value }]) => {
    return `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
  });
  const abouts = Object.values(options).map((option) => {
    return option.about + (typeof option.default === 'string' ? ` (default ${option.default})` : '');
  });
  return [
    `${command} [-- OPTIONS]: ${about}`,
    '',
    'options:',
    ...columns(names.map((name, at) => [name, abouts[at] ?? ''])),
    '',
    '--only takes any of these, with commas between them:',
    ...columns(Object.entries(parts)),
  ].join('\n');
}

/**
 * The values; or what is to be said instead of a run, and the exit code.
 *
 * @template {Record<string, ProgramOption>} O
 * @param {Program<O>} program
 * @param {string[]} args
 */
export function readOptions(program, args) {
  try {
    const { values } = parseArgs({ args, options: program.options });
    const given = /** @type {Record<string, string | boolean | undefined>} */ (values);
    if (given['help']) return { values: null, end: { text: usageText(program), exitCode: 0 } };
    const only = given['only'] === undefined ? [] : String(given['only']).split(',');
    const unknown = only.filter((name) => !Object.hasOwn(program.parts, name));
    if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: there is no such part`);
    for (const [name, { whole, allParts }] of Object.entries(program.options)) {
      const text = given[name];
      if (allParts && text && only.length > 0) throw new Error(`--${name} is about all parts: leave --only out`);
      if (whole && text !== undefined && !/^\d{1,15}$/.test(String(text)))
        throw new Error(`--${name} ${text}: a whole number is needed`);
    }
    return { values, end: null };
  } catch (error) {
    // Node's hint about positional arguments after the first sentence is no help here.
    const found = (error instanceof Error ? error.message : String(error)).split('. ')[0];
    return { values: null, end: { text: `${found}\n\n${usageText(program)}`, exitCode: 2 } };
  }
}

/**
 * The options that this process was started with. Ends it after `--help` (0) and after a mistake (2).
 *
 * @template {Record<string, ProgramOption>} O
 * @param {Program<O>} program
 */
export function optionsOf(program) {
  const { values, end } = readOptions(program, process.argv.slice(2));
  if (end === null) return values;
  (end.exitCode === 0 ? process.stdout : process.stderr).write(`${end.text}\n`);
  process.exit(end.exitCode);
}
