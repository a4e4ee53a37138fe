/**
 * The thread that owns the writing connection of a file. A commit waits for the disk, so it commits in groups: whatever arrived while
 * the last commit was under way, at most MAX_GROUP writes or MAX_GROUP_MS of work.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { isDiskFault } from '../../core/errors.js';
import { startOperation, type Write } from '../sql/all-operations.js';
import { runSync } from '../sql/operation.js';
import { storeError } from '../store-errors.js';
import { WritingConnection } from './connection.js';
import { type FromWriter, packFailure, type ThreadData, type ToWriter, type WriteResult } from './thread-messages.js';

const MAX_GROUP = 512;
const MAX_GROUP_MS = 2;

type QueuedWrite = Write & { id: number };

if (!parentPort) throw new Error('writer-thread runs as a worker thread');
const port = parentPort;
const { file } = workerData as ThreadData;
const connection = new WritingConnection(file);

let queue: QueuedWrite[] = [];
let closing = false;

function receive(message: ToWriter): void {
  if ('close' in message) closing = true;
  else queue = queue.length === 0 ? message.writes : queue.concat(message.writes);
}

function receiveArrived(): void {
  for (let arrived = receiveMessageOnPort(port); arrived; arrived = receiveMessageOnPort(port)) receive(arrived.message);
}

function perform(write: QueuedWrite): WriteResult {
  const value = runSync(startOperation(write), ([statement, parameters]) => connection.execute(statement, parameters));
  return { id: write.id, value };
}

function failed(write: QueuedWrite, cause: unknown): WriteResult {
  return { id: write.id, failure: packFailure(storeError(cause, file)) };
}

/** Performs one write in its own transaction. */
function performAlone(write: QueuedWrite): WriteResult {
  try {
    connection.begin();
    const result = perform(write);
    connection.commit();
    return result;
  } catch (cause) {
    connection.abandon(cause);
    return failed(write, cause);
  }
}

/** Performs and commits writes from the front of the queue. */
function commitGroup(): WriteResult[] {
  const group: QueuedWrite[] = [];
  const results: WriteResult[] = [];
  let broken = false;
  try {
    connection.begin();
    const until = performance.now() + MAX_GROUP_MS;
    while (group.length < MAX_GROUP && performance.now() < until) {
      if (group.length === queue.length) receiveArrived();
      const write = queue[group.length];
      if (!write) break;
      group.push(write);
      broken = true;
      results.push(perform(write));
      broken = false;
    }
    connection.commit();
    queue = queue.slice(group.length);
    return results;
  } catch (cause) {
    connection.abandon(cause);
    // Without a BEGIN nothing was taken yet: all that wait are refused, since the next would wait as long in vain.
    const refused = group.length > 0 ? group : queue.slice(0, MAX_GROUP);
    queue = queue.slice(refused.length);
    // A write that is wrong in itself must not take others with it. A disk that fails is not asked again.
    return broken && !isDiskFault(storeError(cause, file))
      ? refused.map(performAlone)
      : refused.map((write) => failed(write, cause));
  }
}

// Opened now, so that the first write does not wait for it; a fault is met, and told, by that write.
connection.expectWrites();

port.on('message', (message: ToWriter) => {
  receive(message);
  receiveArrived();
  while (queue.length > 0) {
    port.postMessage({ results: commitGroup() } satisfies FromWriter);
    receiveArrived();
  }
  if (closing) {
    connection.close();
    port.close();
  }
});
