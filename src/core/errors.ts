/**
 * The one error type that a person may see. Everything that goes wrong for a reason
 * outside our own code is a SwarmError; anything else is our bug (exit 70).
 */

/** Exit codes of the CLI. Stable: scripts depend on them. */
export const EXIT = {
  ok: 0,
  failedRows: 1,
  badInput: 2,
  capped: 3,
  unreachable: 4,
  refused: 5,
  locked: 6,
  diskWrite: 7,
  bug: 70,
  sigint: 130,
  sigterm: 143,
} as const;

/** An exit code of the CLI. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a problem is. Every field is optional; `file` alone is a valid place. */
export interface Place {
  /** Path of a file or folder. */
  file?: string;
  /** 1-based. */
  line?: number;
  /** 1-based. */
  column?: number;
  /** Id of a row. */
  seedId?: string;
  /** `provider/model`. */
  model?: string;
}

/** One problem: what was found, what is allowed, how to fix it. Plain JSON. */
export interface Problem {
  /** Stable, `E_...`; the text around it is free to improve. */
  code: string;
  /** Where it is, when that is known. */
  place?: Place;
  /** What was found: one sentence without the code or the place. */
  found: string;
  /** What is allowed. */
  allowed?: string;
  /** How to fix it. */
  fix?: string;
}

/** `file:line:col`, a seed or a model, or '' when no place is known. */
export function formatPlace(place: Place | undefined): string {
  if (!place) return '';
  const parts: string[] = [];
  if (place.file !== undefined) {
    const line = place.line === undefined ? '' : `:${place.line}`;
    const column = place.line === undefined || place.column === undefined ? '' : `:${place.column}`;
    parts.push(`${place.file}${line}${column}`);
  }
  if (place.seedId !== undefined) parts.push(`seed ${place.seedId}`);
  if (place.model !== undefined) parts.push(`model ${place.model}`);
  return parts.join(', ');
}

/** One block of text: `CODE place: found`, then what is allowed and how to fix it, indented. */
export function formatProblem(problem: Problem): string {
  const place = formatPlace(problem.place);
  const lines = [`${problem.code}${place ? ` ${place}` : ''}: ${problem.found}`];
  if (problem.allowed) lines.push(`  allowed: ${problem.allowed}`);
  if (problem.fix) lines.push(`  fix: ${problem.fix}`);
  return lines.join('\n');
}

/** One or more problems that ended an operation, with the exit code that the CLI uses. */
export class SwarmError extends Error {
  /** `SwarmError`, also of another copy of the package. */
  override readonly name = 'SwarmError';
  /** What is wrong: at least one, each with its code. `message` is their text. */
  readonly problems: readonly Problem[];
  /** What the command would end with. */
  readonly exitCode: ExitCode;

  /** @param exitCode @default EXIT.badInput */
  constructor(problems: Problem | readonly Problem[], exitCode: ExitCode = EXIT.badInput, options?: ErrorOptions) {
    const list: readonly Problem[] = Array.isArray(problems) ? problems : [problems as Problem];
    super(list.map(formatProblem).join('\n'), options);
    this.problems = list;
    this.exitCode = exitCode;
  }

  /** Code of the first problem. */
  get code(): string {
    return this.problems[0]?.code ?? 'E_UNKNOWN';
  }

  /** True for a SwarmError of this or another copy of the package. */
  static is(value: unknown): value is SwarmError {
    return value instanceof Error && value.name === 'SwarmError' && Array.isArray((value as SwarmError).problems);
  }
}

/** True for a fault of a disk or file (exit 7): the same work may succeed once somebody has mended it. */
export function isDiskFault(value: unknown): value is SwarmError {
  return SwarmError.is(value) && value.exitCode === EXIT.diskWrite;
}

/** What the system says when a file cannot be made, opened or written. */
const SYSTEM_FAULT = /^(ENOSPC|EDQUOT|EIO|EFBIG|EROFS|EACCES|EPERM|EMFILE|ENFILE|ENOTDIR|EISDIR)$/;

/** True for an error of the system about a file or a disk, as Node throws it. */
export function isSystemFault(error: unknown): error is Error & { code: string } {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof Error && typeof code === 'string' && SYSTEM_FAULT.test(code);
}

/** What to do about an error of the system about a file or a disk. */
export function systemFaultFix({ code }: { code: string }): string {
  if (/^(EMFILE|ENFILE)$/.test(code)) return 'raise the limit of open files (ulimit -n), or lower workers, then run again';
  return 'check the disk (free space, permissions) and the limits of the process (ulimit -f, ulimit -n), then run again';
}

/** What went wrong, for people and for programs. Anything that is neither a SwarmError nor a fault of the system is our own mistake. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (SwarmError.is(error)) return error.problems;
  if (isSystemFault(error)) return [{ code: 'E_DISK', found: error.message, fix: systemFaultFix(error) }];
  return [{ code: 'E_BUG', found: String(error) }];
}
