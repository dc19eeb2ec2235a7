import type { Random } from '@stoa/protocol';
import type { LargeDisk } from '#disk.ts';
import type { Clock } from '#steady-clock.ts';

/** What a command may touch. */
export interface CliContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: LargeDisk;
  /** Aborted by SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
  readonly io: CliIo;
}

export interface CliIo {
  out(text: string): void;
  err(text: string): void;
  /** All of standard input. */
  readStdin(): Promise<string>;
  /** Resolves when standard input ends. */
  stdinEnd(): Promise<void>;
  /** Asks without echo; undefined where there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** A mistake in how a command was called: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
  readonly retry = false;
}

/** Prints a result as people read it, or with `--json` as one line. */
export function report(
  context: CliContext,
  options: { json?: boolean },
  result: { data: object; lines: readonly string[] },
): void {
  if (options.json === true) context.io.out(`${JSON.stringify(result.data)}\n`);
  else for (const line of result.lines) context.io.out(`${line}\n`);
}
