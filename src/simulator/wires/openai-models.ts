/** The list of models as OpenAI's wires answer with it. */

export function openAiModels(path: string, names: readonly string[]): string | null {
  if (path.replace(/^\/v1(?=\/)/, '') !== '/models') return null;
  const data = names.map((id) => ({ id, object: 'model', created: 1_767_225_600, owned_by: 'simulator' }));
  return JSON.stringify({ object: 'list', data });
}
