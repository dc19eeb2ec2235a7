import type { Clock } from '#clock.ts';
import type { LogLevel } from '#config.ts';
import { redactValue } from '#redact.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** `event` is a constant in kebab case; what varies belongs in the fields. Secrets in fields are redacted. */
export interface Log {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** A log that adds the fields to each of its lines. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  clock: Clock;
  level: LogLevel;
  write: (line: string) => void;
  /** Keeps the last lines for support bundles and rollback reports. */
  ring?: LogRing;
}

const SEVERITY: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 };

/** JSON lines within a budget: an agent that is cut off for days must not fill the disk of its host (F27). */
export function createLog({ clock, level, write, ring }: LogOptions): Log {
  const throttle = new Throttle(clock);
  const put = (severity: LogLevel, event: string, fields: LogFields): void => {
    if (SEVERITY[severity] > SEVERITY[level]) return;
    const body = JSON.stringify(redactValue({ level: severity, event, ...fields }), jsonSafe);
    const note = throttle.admit(body);
    if (note === undefined) return;
    const time = new Date(clock.now()).toISOString();
    const line = `{"time":"${time}",${note}${body.slice(1)}`;
    ring?.push(line);
    write(line);
  };
  return withFields(put, {});
}

function withFields(put: (level: LogLevel, event: string, fields: LogFields) => void, base: LogFields): Log {
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      put(level, event, { ...base, ...fields });
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => withFields(put, { ...base, ...fields }),
  };
}

function jsonSafe(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

const WINDOW_MS = 600_000;
const BUDGET_MS = 3_600_000;
const BUDGET_BYTES = 512 * 1024;
const REMEMBERED_LINES = 100;

/**
 * Says whether a line is written, and what it must tell of those that were not: equal lines are written once in ten
 * minutes, and an hour takes 512 KiB at most.
 */
class Throttle {
  readonly #clock: Clock;
  readonly #recent = new Map<string, { at: number; repeats: number }>();
  #hourStart = Number.NEGATIVE_INFINITY;
  #spent = 0;
  #dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  admit(body: string): string | undefined {
    const now = this.#clock.monotonic();
    const known = this.#recent.get(body);
    if (known && now - known.at < WINDOW_MS) {
      known.repeats += 1;
      return undefined;
    }
    if (!this.#afford(body.length, now)) return undefined;
    this.#remember(body, now);
    const note = `${known?.repeats ? `"repeated":${known.repeats},` : ''}${this.#dropped ? `"dropped":${this.#dropped},` : ''}`;
    this.#dropped = 0;
    return note;
  }

  #afford(bytes: number, now: number): boolean {
    if (now - this.#hourStart >= BUDGET_MS) {
      this.#hourStart = now;
      this.#spent = 0;
    }
    this.#spent += bytes;
    if (this.#spent <= BUDGET_BYTES) return true;
    this.#dropped += 1;
    return false;
  }

  #remember(body: string, at: number): void {
    this.#recent.delete(body);
    this.#recent.set(body, { at, repeats: 0 });
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > REMEMBERED_LINES && oldest !== undefined) this.#recent.delete(oldest);
  }
}

const RING_LINES = 200;
const RING_LINE_CHARACTERS = 2000;

/** The last 200 lines, each cut to 2,000 characters. */
export class LogRing {
  readonly #lines: string[] = [];
  readonly #followers = new Set<(line: string) => void>();

  push(line: string): void {
    const kept = line.slice(0, RING_LINE_CHARACTERS);
    this.#lines.push(kept);
    if (this.#lines.length > RING_LINES) this.#lines.shift();
    for (const follow of this.#followers) follow(kept);
  }

  /** Told each line from now on, until what it returns is called. */
  follow(told: (line: string) => void): () => void {
    this.#followers.add(told);
    return () => void this.#followers.delete(told);
  }

  lines(): readonly string[] {
    return [...this.#lines];
  }
}
