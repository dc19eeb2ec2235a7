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
  readonly handshakes: HandshakeFacts;
  /** Of the instance's certificate; milliseconds since 1970. */
  readonly certificateNotAfter: number;
  readonly settings: readonly SettingInForce[];
}

/** How the gate stands: a storm of reconnecting agents shows here first. */
export interface HandshakeFacts {
  readonly active: number;
  readonly waiting: number;
  /** Since the start. */
  readonly done: number;
  readonly refused: number;
  /** Turned away for want of room. */
  readonly throttled: number;
}

export interface SettingInForce {
  readonly env: string;
  /** Without secrets. */
  readonly value: string;
  readonly isDefault: boolean;
}
