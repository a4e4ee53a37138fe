/** What the Anthropic wire gives with its answers and proves when it comes back: the value holds a hash of what it stands for. */
import { digest } from '../draw.js';

/** Text that nobody but this provider reads, for something of this kind. */
export function sealed(kind: string, content: string): string {
  return Buffer.from(JSON.stringify([content, digest([kind, content])])).toString('base64');
}

/** True when the value was made here, of this kind; with `content`: for this. */
export function isSealed(kind: string, value: unknown, content?: string): boolean {
  try {
    const [held, seal] = JSON.parse(Buffer.from(value as string, 'base64').toString()) as [string, string];
    return seal === digest([kind, held]) && (content === undefined || content === held);
  } catch {
    return false;
  }
}
