/** Ctrl-C and SIGTERM: the first asks to stop, the second leaves now. */
import { EXIT, type ExitCode } from '../core/errors.js';
import type { CliContext, StopSignal } from './context.js';

export class Interrupts {
  /** Resolves with the exit code when the process is to leave without waiting for its command. */
  readonly leave: Promise<ExitCode>;
  private resolveLeave: (code: ExitCode) => void = () => undefined;
  private answer: (() => void) | null = null;
  private readonly stopListening: () => void;
  private first: StopSignal | null = null;

  constructor(context: Pick<CliContext, 'onSignal'>) {
    this.leave = new Promise((resolve) => {
      this.resolveLeave = resolve;
    });
    this.stopListening = context.onSignal((signal) => this.signal(signal));
  }

  /** 130 or 143 once a signal came, else null. */
  get exitCode(): ExitCode | null {
    if (this.first === null) return null;
    return this.first === 'SIGINT' ? EXIT.sigint : EXIT.sigterm;
  }

  /** The command answers the first signal itself, from now until the returned function is called. */
  hold(answer: () => void): () => void {
    this.answer = answer;
    return () => {
      if (this.answer === answer) this.answer = null;
    };
  }

  close(): void {
    this.stopListening();
  }

  private signal(signal: StopSignal): void {
    const again = this.first !== null;
    this.first ??= signal;
    if (again || this.answer === null) this.resolveLeave(signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm);
    else this.answer();
  }
}
