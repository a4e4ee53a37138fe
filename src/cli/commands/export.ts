import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { EXIT } from '../../core/errors.js';
import { plural } from '../../core/format.js';
import type { OutputFormat } from '../../runs/results.js';
import type { OutputStream } from '../context.js';
import { usageError } from '../problems.js';
import type { Session } from '../session.js';
import { safeStream } from '../view/safe-text.js';

export interface ExportFlags {
  format?: OutputFormat;
  out?: string;
}

/** A terminal must not obey escape sequences in answers; a pipe or file gets them as they are. */
async function writeTo(stdout: OutputStream, write: (target: NodeJS.WritableStream) => Promise<unknown>): Promise<void> {
  if (stdout.isTTY !== true) {
    await write(stdout);
    return;
  }
  const safe = safeStream();
  safe.pipe(stdout, { end: false });
  await write(safe);
  safe.end();
  await finished(safe);
}

/** `swarm export RUN`: the ok rows in input order, to stdout or a file. Reads the store only. */
export async function exportRows(session: Session, [run = '']: readonly string[], flags: ExportFlags): Promise<number> {
  const { context } = session;
  const { stdout } = context;
  const format = flags.format ?? 'jsonl';
  if (flags.out !== undefined) {
    const path = resolve(context.cwd, flags.out);
    const rows = await session.reading((reader) => reader.export(run, format, path));
    session.say(`${plural(rows, 'row')} written to ${path}`);
    return EXIT.ok;
  }
  if (stdout.isTTY === true && format === 'parquet') {
    throw usageError('E_CLI_VALUE', 'parquet is binary and stdout is a terminal', {
      fix: `swarm export ${run} --format parquet --out rows.parquet`,
    });
  }
  const left = new Promise<void>((resolve) => context.stdoutClosed.addEventListener('abort', () => resolve()));
  const written = session.reading((reader) => writeTo(stdout, (target) => reader.export(run, format, target)));
  try {
    await Promise.race([written, left]);
  } catch (error) {
    // Whoever read our output has had enough (`| head`): that is no failure.
    if (!context.stdoutClosed.aborted) throw error;
  }
  return EXIT.ok;
}
