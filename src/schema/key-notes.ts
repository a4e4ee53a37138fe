/** A key of the task file with what is said of it. */
import type { z } from 'zod';

/** What a problem with a key says beside its place. Kept in the schema's metadata. */
export interface KeyNotes {
  description: string;
  /** What the key accepts, as it is printed under a problem. */
  allowed: string;
  /** Code of every problem with the key's value; without it the code follows from the kind of problem. */
  code?: string;
}

/** A key's schema with its notes. */
export function key<Schema extends z.ZodType>(schema: Schema, notes: KeyNotes): Schema {
  return schema.meta({ ...notes });
}
