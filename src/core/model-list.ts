/** What an endpoint says of the models that it serves. Plain JSON. */

/** Their names; `more`: the list goes on after them. Or why there is none, for people. */
export type ModelList = { names: readonly string[]; more: boolean } | { why: string };
