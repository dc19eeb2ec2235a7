import { SignerError } from '#error.ts';
import type { Clock } from '#steady-clock.ts';

const REPEAT_MS = 60_000;
const MAX_KINDS = 256;

/** One JSON line per kind of error and minute: a caller that hammers must not fill the disk (F27). */
export class ErrorLog {
  readonly #clock: Clock;
  readonly #write: (line: string) => void;
  readonly #kinds = new Map<string, { at: number; unseen: number }>();

  constructor(by: { clock: Clock; write: (line: string) => void }) {
    this.#clock = by.clock;
    this.#write = by.write;
  }

  add(event: string, error: unknown): void {
    const now = this.#clock.now();
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const kind = `${event} ${code}`;
    const last = this.#kinds.get(kind);
    if (last !== undefined && Math.abs(now - last.at) < REPEAT_MS) {
      last.unseen += 1;
      return;
    }
    if (this.#kinds.size >= MAX_KINDS) this.#kinds.clear();
    this.#kinds.set(kind, { at: now, unseen: 0 });
    const message = error instanceof Error ? error.message : String(error);
    const stack = error instanceof SignerError || !(error instanceof Error) ? undefined : error.stack;
    const unseen = last?.unseen ? last.unseen : undefined;
    this.#write(JSON.stringify({ at: new Date(now).toISOString(), event, code, message, unseen, stack }));
  }
}
