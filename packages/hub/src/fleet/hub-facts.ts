/** What this hub process says of itself. */
export interface HubFacts {
  readonly version: string;
  readonly instanceId: string;
  readonly region: string;
  readonly network: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly database: 'embedded' | 'url';
  readonly rssBytes: number;
  /** 99th percentile of the event loop's delay. */
  readonly loopLagMs: number;
  /** Agents connected to this instance. */
  readonly sessions: number;
  readonly framesPerSecond: number;
}
