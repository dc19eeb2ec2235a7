import type { AgentReadings } from '#collectors/agent-collectors.ts';
import type { Reading } from '#collectors/collector.ts';
import type { Readings } from '#collectors/collector-set.ts';
import { buildSnapshot, type LinkStatus, type SnapshotParts, type StatusSnapshot } from '#status/snapshot.ts';
import type { UpdateView } from '#update/update-report.ts';
import type { WorkStatus } from '#work/work-status.ts';

function fresh<T>(value: T): Reading<T> {
  return { value, ageMs: 4000, error: undefined, hung: false };
}

export const LINK: LinkStatus = {
  hubUrl: 'https://eu.hub.example',
  state: 'established',
  forMs: 3_600_000,
  transport: 'websocket',
  sessionId: '5a'.repeat(16),
  rttMs: 41,
  pingMs: 30_000,
  skewMs: -120,
  retryInMs: undefined,
  failures: 0,
  sessions: 2,
  lastFault: { code: 'http_reset', message: 'the connection was cut', at: Date.UTC(2026, 10, 25, 11) },
  natIdleMs: 240_000,
};

export const READINGS: Readings<AgentReadings> = {
  cut: fresh({
    tips: Array.from({ length: 10 }, (_, chain) => ({
      chain,
      height: 1000 + (chain % 2),
      hash: new Uint8Array(32).fill(chain),
    })),
    height: 10_005,
    weight: 2n ** 100n,
    source: 'poll' as const,
  }),
  chainweb: fresh({
    service: { ok: true as const, value: { version: '2.32.0', chains: 10, skewMs: 12 } },
    p2p: {
      ok: true as const,
      value: {
        gasLimitOfBlock: 1_600_000,
        peers: 17,
        tlsFingerprint: 'YNo8pXthYQ9RQKv1bbpQf2R5LcLYA3ppx2BL2Hf8fIM',
        publicAddress: '203.0.114.7',
      },
    },
  }),
  process: fresh({
    node: {
      pid: 80,
      argv: ['chainweb-node', '--chainweb-version=stoa'],
      supervision: { kind: 'systemd' as const, name: 'chainweb-node.service' },
      startedAt: Date.UTC(2026, 10, 24),
      uptimeMs: 129_600_000,
      rssBytes: 4e9,
      cpuPermille: 1500,
    },
    count: 1,
    unreadable: 0,
  }),
  host: fresh({
    cpuCount: 4,
    cpuPermille: 380,
    load: [1.5, 1.2, 1] as const,
    memoryTotalBytes: 16e9,
    memoryAvailableBytes: 9e9,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    rxBytes: 123_456,
    txBytes: 654_321,
    rxBytesPerSecond: 1000,
    txBytesPerSecond: 2000,
    diskReadBytes: 1e9,
    diskWrittenBytes: 2e9,
    uptimeMs: 864_000_000,
  }),
  commitment: fresh({
    path: '/srv/stoa',
    committedBytes: 500e9,
    driveCommittedBytes: 500e9,
    requiredBytes: 525e9,
    freeBytes: 700e9,
    totalBytes: 1e12,
    freeInodes: 1e6,
    totalInodes: 2e6,
    met: true,
  }),
};

export const NOTHING_YET: Readings<AgentReadings> = {
  cut: nothing(),
  chainweb: nothing(),
  process: nothing(),
  host: nothing(),
  commitment: nothing(),
};

function nothing(): Reading<never> {
  return { value: undefined, ageMs: undefined, error: undefined, hung: false };
}

/** A healthy node, but for what is given. */
export function makeSnapshot(parts: Partial<SnapshotParts> = {}): StatusSnapshot {
  return buildSnapshot({
    version: '1.2.3',
    pid: 4242,
    instance: 'default',
    nodeId: 'ab'.repeat(32),
    ownerKey: undefined,
    at: Date.UTC(2026, 10, 25, 12),
    uptimeMs: 7_200_000,
    rssBytes: 52e6,
    link: LINK,
    outbox: { waiting: 0, droppedSamples: 0 },
    work: makeWork(),
    update: makeUpdate(),
    network: 'stoa',
    chainwebUrl: 'http://127.0.0.1:1848',
    readings: READINGS,
    ...parts,
  });
}

export function makeUpdate(over: Partial<UpdateView> = {}): UpdateView {
  return {
    byHand: false,
    version: '1.2.3',
    slot: '1.2.3-abcdefabcdef',
    runtime: '24.21.0',
    platform: 'linux-x64',
    launcher: '1.0.0',
    updateOnly: false,
    why: 'it was assigned, and has proven itself',
    state: 'confirmed',
    target: '1.2.3',
    since: Date.UTC(2026, 10, 24),
    until: 0,
    reason: 'proven_session',
    detail: 'up for a minute, with a session',
    lastLines: [],
    previous: ['1.2.2'],
    rejected: [],
    newest: '1.2.3',
    floor: '1.0.0',
    rootVersion: 1,
    rootSha256: 'ab'.repeat(32),
    development: false,
    targetsVersion: 7,
    timestampAt: Date.UTC(2026, 10, 25, 6),
    metadataUntil: Date.UTC(2027, 4, 1),
    at: Date.UTC(2026, 10, 25, 12),
    wishes: { channel: 'stable', pin: '', deferUntil: 0, window: '' },
    wishesFault: '',
    ...over,
  };
}

export function makeWork(over: Partial<WorkStatus> = {}): WorkStatus {
  return {
    paused: false,
    maintenanceUntil: undefined,
    policyFile: '/etc/stoa-agent/policy',
    policyFault: '',
    running: [],
    recent: [],
    waiting: 0,
    fault: undefined,
    ...over,
  };
}
