/** What some servers of this wire want otherwise than the rest. */

type Body = Record<string, unknown>;

/** OpenAI itself takes the output limit of its reasoning models only under the new name; other servers know the old one. */
function renameOutputLimit({ max_tokens, ...body }: Body): Body {
  return { ...body, max_completion_tokens: max_tokens };
}

/** What is to be done to a request before it goes to a server of this host; null: nothing. */
export function requestDialect(hostname: string): ((body: Body) => Body) | null {
  return hostname === 'api.openai.com' ? renameOutputLimit : null;
}
