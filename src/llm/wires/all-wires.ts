/** The wires that are spoken, by name. Each loads when it is first used: the packages of the others cost time and memory. */
import type { WireName } from '../../schema/wires.js';
import { chatWire } from './chat/chat-wire.js';
import type { Wire } from './wire.js';

export type Wires = Readonly<Partial<Record<WireName, () => Promise<Wire>>>>;

export const ALL_WIRES: Wires = {
  chat: () => Promise.resolve(chatWire),
  anthropic: async () => (await import('./anthropic/anthropic-wire.js')).anthropicWire,
  gemini: async () => (await import('./gemini/gemini-wire.js')).geminiWire,
  ollama: async () => (await import('./ollama/ollama-wire.js')).ollamaWire,
  responses: async () => (await import('./responses/responses-wire.js')).responsesWire,
};
