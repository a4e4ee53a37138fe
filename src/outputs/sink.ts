/** Where output goes: a file handle or a stream, with a running hash. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { writeError } from './write-errors.js';

export interface Sink {
  /** Resolves when more may be written. */
  write(chunk: string | Uint8Array): Promise<void>;
}

export interface Digest {
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** Writes a file from its start and hashes what it writes. */
export class FileSink implements Sink {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
  ) {}

  async write(chunk: string | Uint8Array): Promise<void> {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const written = this.writeAll(data);
    // Hashed while the system writes.
    this.hash.update(data);
    this.bytes += data.length;
    await written;
  }

  private async writeAll(data: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < data.length; ) {
        const { bytesWritten } = await this.handle.write(data, from, data.length - from, null);
        from += bytesWritten;
      }
    } catch (error) {
      throw writeError(error, this.path);
    }
  }

  digest(): Digest {
    return { bytes: this.bytes, sha256: this.hash.copy().digest('hex') };
  }
}

/** Writes to a stream at its reader's pace. Does not end the stream. */
export class StreamSink implements Sink {
  private failure: unknown = null;
  private wake: (() => void) | null = null;

  constructor(private readonly stream: NodeJS.WritableStream) {
    stream.on('error', this.onError);
    stream.on('close', this.onClose);
    stream.on('drain', this.onDrain);
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    if (!this.failure && !this.stream.write(chunk)) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        if (this.failure) resolve();
      });
    }
    if (this.failure) throw writeError(this.failure, 'output stream');
  }

  /** Takes our listeners off the stream. */
  release(): void {
    this.stream.removeListener('error', this.onError);
    this.stream.removeListener('close', this.onClose);
    this.stream.removeListener('drain', this.onDrain);
  }

  private readonly onDrain = (): void => {
    this.wake?.();
    this.wake = null;
  };

  private readonly onError = (error: unknown): void => {
    this.failure ??= error;
    this.onDrain();
  };

  private readonly onClose = (): void => {
    this.onError(Object.assign(new Error('the stream was closed'), { code: 'EPIPE' }));
  };
}
