import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MOST_LINES } from '#launcher/journal.ts';
import { fieldsOf, isText } from '#launcher/json-file.ts';
import type { FailureReason } from '#launcher/launched.ts';
import type { LastEnd } from '#launcher/start.ts';

const MOST_BYTES = 64 * 1024;

/**
 * What is left of a start that was cut (F35): the lines of a slot on trial, and why it ended as far as that was seen. Written
 * synchronously and not forced to the medium: it must outlive the process, which may be in its last millisecond, not the
 * machine. Nothing depends on it but a report, so a disk that does not take it is no failure.
 */
export class LastWords {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param slot An id of a slot. */
  record(slot: string, line: string): void {
    const path = this.#lines(slot);
    this.#try(() => {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
      if (statSync(path).size > MOST_BYTES) renameSync(path, `${path}.1`);
    });
  }

  lines(slot: string): readonly string[] {
    const path = this.#lines(slot);
    const text = [`${path}.1`, path]
      .map((file) => this.#try(() => readFileSync(file, 'utf8')) ?? '')
      .join('');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .slice(-MOST_LINES);
  }

  /** The first cause counts: what follows from it says less. */
  end(end: LastEnd): void {
    this.#try(() => {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(this.#endFile, JSON.stringify(end), { mode: 0o600, flag: 'wx' });
    });
  }

  readEnd(): LastEnd | undefined {
    const text = this.#try(() => readFileSync(this.#endFile, 'utf8'));
    if (text === undefined) return undefined;
    return this.#try(() => endOf(JSON.parse(text)));
  }

  /** Before a start: what was left has been read. @param slot whose lines go too. */
  clear(slot?: string): void {
    this.#try(() => rmSync(this.#endFile, { force: true }));
    if (slot !== undefined)
      for (const path of [this.#lines(slot), `${this.#lines(slot)}.1`])
        this.#try(() => rmSync(path, { force: true }));
  }

  /** For who can't use this class: the watchdog. */
  get endFile(): string {
    return this.#endFile;
  }

  get #endFile(): string {
    return join(this.#directory, 'last-end.json');
  }

  #lines(slot: string): string {
    return join(this.#directory, `${slot}.log`);
  }

  #try<T>(task: () => T): T | undefined {
    try {
      return task();
    } catch {
      return undefined;
    }
  }
}

const REASONS: ReadonlySet<unknown> = new Set<FailureReason>(['crashed', 'spun']);

function endOf(value: unknown): LastEnd | undefined {
  const { slot, reason, detail } = fieldsOf(value) ?? {};
  if (!isText(slot, 64) || !REASONS.has(reason) || !isText(detail, 10_000)) return undefined;
  return { slot, reason: reason as FailureReason, detail };
}
