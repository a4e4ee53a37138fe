/** The wires of the simulated provider, by name. */
import type { WireName } from '../../schema/wires.js';
import { anthropicWire } from './anthropic.js';
import { chatWire } from './chat.js';
import { geminiWire } from './gemini.js';
import { ollamaWire } from './ollama.js';
import { responsesWire } from './responses.js';
import type { SimulatedWire } from './wire.js';

export const SIMULATED_WIRES: Readonly<Partial<Record<WireName, SimulatedWire>>> = {
  chat: chatWire,
  anthropic: anthropicWire,
  gemini: geminiWire,
  ollama: ollamaWire,
  responses: responsesWire,
};
