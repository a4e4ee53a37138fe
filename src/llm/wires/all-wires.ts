/** The wires that are spoken, by name. */
import type { WireName } from '../port.js';
import { chatWire } from './chat/chat-wire.js';
import type { Wire } from './wire.js';

export const WIRES: Readonly<Record<WireName, Wire>> = { chat: chatWire };
