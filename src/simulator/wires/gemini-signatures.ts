/** Signatures of the simulated model on the Gemini wire: one for all that a turn said, so that any change of it shows. */
import type { Fields } from '../../core/fields.js';
import { digest } from '../draw.js';

/** What Google has a client send in place of a signature that it does not have. */
export const SKIP_SIGNATURE = 'skip_thought_signature_validator';

/** Thoughts need not come back; ids of calls may be made by the client. */
export function turnSignature(parts: readonly Fields[]): string {
  let text = '';
  const calls: string[] = [];
  for (const { text: said, thought, functionCall } of parts) {
    if (typeof said === 'string' && thought !== true) text += said;
    const { name, args } = (functionCall ?? {}) as Fields;
    if (functionCall !== undefined) calls.push(`${String(name)} ${JSON.stringify(args ?? {})}`);
  }
  return Buffer.from(digest(['signature', text, ...calls])).toString('base64');
}

export function isSigned(part: Fields | undefined): boolean {
  return typeof part?.['thoughtSignature'] === 'string' && part['thoughtSignature'] !== '';
}
