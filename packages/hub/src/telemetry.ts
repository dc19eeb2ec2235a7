import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Gateway, Heartbeats } from './gateway/index.ts';
import type { HttpFeature } from './http.ts';
import { HttpError } from './http-error.ts';
import type { DbAdapter } from './seams/db-adapter/index.ts';

export interface TelemetryDeps {
  readonly gateway: Gateway;
  readonly heartbeats: Heartbeats;
  readonly database: Pick<DbAdapter, 'check'>;
  /** Milliseconds since 1970. */
  readonly certificateNotAfter: () => number;
}

/** `/healthz` (the process answers), `/readyz` (it can serve), `/metrics` (Prometheus). Nothing personal in any of them. */
export class Telemetry implements HttpFeature {
  readonly #deps: TelemetryDeps;
  readonly #registry = new Registry();
  readonly #loop = monitorEventLoopDelay({ resolution: 20 });

  constructor(deps: TelemetryDeps) {
    this.#deps = deps;
    this.#loop.enable();
    this.#register();
  }

  /** 99th percentile of the event loop's delay since it was last read, milliseconds. */
  get loopLagMs(): number {
    const lag = this.#loop.percentile(99) / 1e6;
    return Number.isFinite(lag) ? lag : 0;
  }

  mount: HttpFeature['mount'] = (app) => {
    app.get('/healthz', (c) => c.text('ok\n'));
    app.get('/readyz', async (c) => {
      try {
        await this.#deps.database.check();
      } catch (cause) {
        throw new HttpError(503, 'not_ready', 'the database does not answer', {
          fix: 'Look at the database, then at the log of the hub.',
          retry: true,
          cause,
        });
      }
      return c.text('ready\n');
    });
    app.get('/metrics', async (c) => {
      c.header('content-type', this.#registry.contentType);
      return c.body(await this.#registry.metrics());
    });
  };

  close(): void {
    this.#loop.disable();
  }

  #register(): void {
    const { gateway, heartbeats, certificateNotAfter } = this.#deps;
    this.#gauge('stoa_hub_sessions', 'Agent sessions of this instance', () => gateway.sessions.size);
    this.#gauge('stoa_hub_handshakes_active', 'Handshakes under way', () => gateway.pending.active);
    this.#gauge(
      'stoa_hub_handshakes_waiting',
      'Connections waiting for a handshake',
      () => gateway.pending.waiting,
    );
    this.#gauge('stoa_hub_event_loop_delay_p99_seconds', 'Event loop delay since the last scrape', () => {
      const seconds = this.loopLagMs / 1000;
      this.#loop.reset();
      return seconds;
    });
    this.#gauge(
      'stoa_hub_certificate_expiry_timestamp_seconds',
      'End of the instance certificate; renewed long before, unless the signer is away',
      () => certificateNotAfter() / 1_000,
    );
    this.#gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
    this.#counter(
      'stoa_hub_handshakes_total',
      'Handshakes that became sessions',
      () => gateway.counters.handshakes,
    );
    this.#counter('stoa_hub_handshakes_refused_total', 'Handshakes refused', () => gateway.counters.refused);
    this.#counter(
      'stoa_hub_handshakes_throttled_total',
      'Connections turned away for want of room',
      () => gateway.counters.throttled,
    );
    this.#counter(
      'stoa_hub_frames_received_total',
      'Frames received from agents',
      () => gateway.counters.framesIn,
    );
    this.#counter('stoa_hub_heartbeats_received_total', 'Heartbeats received', () => heartbeats.received);
    this.#counter('process_cpu_seconds_total', 'User and system CPU time', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: () => gauge.set(read()),
    });
  }

  #counter(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }
}
