/** One input row as it is staged in the store. */

/** A row's content: text, or an object whose fields the template names. */
export type SeedContent = string | { [field: string]: unknown };

export interface Seed {
  /** Position in the run, 0-based. */
  index: number;
  /** Given, else 16 hex digits of sha256(canonical content), with `-2`, `-3`, ... for equal rows. */
  id: string;
  content: SeedContent;
}
