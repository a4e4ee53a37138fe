/**
 * Histories as JSON and back. The SDK has functions for this, which need one common copy of protobufjs; here the message type
 * itself does it.
 */
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
type HistoryMessage = proto.temporal.api.history.v1.IHistory;

export interface SavedHistory {
  workflowId: string;
  events: { eventType: string }[];
}

/** Names of this machine and process do not belong in a saved history. */
function scrubbed(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => scrubbed(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, scrubbed(item, name)]));
  }
  return key === 'identity' ? 'saved' : value;
}

export function historyToText(workflowId: string, history: HistoryMessage): string {
  const plain = History.toObject(History.fromObject(history), { longs: String, enums: String, bytes: String });
  const { events } = scrubbed(plain) as { events: object[] };
  // An event a line, so that a change can be read.
  return `{"workflowId":${JSON.stringify(workflowId)},"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

export function historyFromText(text: string): { saved: SavedHistory; history: HistoryMessage } {
  const saved = JSON.parse(text) as SavedHistory;
  return { saved, history: History.fromObject({ events: saved.events }) };
}
