/** Rows of a file as somebody read them a moment ago: who only needs to know that they are the same does not read them again. */
import { stat } from 'node:fs/promises';
import type { EpochMs } from '../core/model.js';
import type { SeedReading } from './read-seeds.js';

/** Which rows of a file are meant. */
export interface RowsOf {
  /** Absolute. */
  file: string;
  /** Only the first so many; null: all. */
  limit: number | null;
  /** Exactly so many, repeated; null: each once. */
  total: number | null;
}

/** What a reader of all rows of a file found. To be handed on as it is. */
export interface SeenRows extends RowsOf {
  /** Of the file before it was read. */
  version: string;
  /** Rows that were read. */
  count: number;
  /** SHA-256 (hex) of the rows in their order. */
  fingerprint: string;
}

/** Clocks of file systems are this coarse at most: a second write so soon after the first could have the same time. */
const SETTLED_MS = 2_000;

/**
 * Changes with every write to the file, also one that keeps its size and puts its time back: that moves the time of the last change of its
 * entry (ctime). Null for what is no file, and while a file was written just now.
 */
export async function fileVersion(file: string, now: EpochMs = Date.now()): Promise<string | null> {
  const found = await stat(file, { bigint: true }).catch(() => null);
  if (!found?.isFile() || now - Number(found.ctimeMs) < SETTLED_MS) return null;
  return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

/** After a whole reading that began when the file had this version. */
export function seenRows(rows: RowsOf, version: string | null, { fingerprint }: SeedReading): SeenRows | null {
  return version === null ? null : { ...rows, version, count: fingerprint.count, fingerprint: fingerprint.digest() };
}

/** What was seen, when the same rows are asked for and the file is as it was; else null. */
export async function stillSeen(
  seen: SeenRows | null | undefined,
  rows: RowsOf | null,
  now: EpochMs = Date.now(),
): Promise<SeenRows | null> {
  if (!seen || !rows || seen.file !== rows.file || seen.limit !== rows.limit || seen.total !== rows.total) return null;
  return (await fileVersion(rows.file, now)) === seen.version ? seen : null;
}
