import type { LinkEnd, LinkListener, Transport } from '#channel/transport.ts';
import type { IdentityFacts } from '#cli/command-deps.ts';
import { openProc } from '#collectors/proc.ts';
import { type AgentConfig, loadConfig } from '#config.ts';
import type { Patient } from '#doctor/check.ts';
import { createHttp } from '#http.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { DIRECT } from '#proxy.ts';
import { VirtualClock } from '#virtual-clock.ts';

export const IDENTITY: IdentityFacts = {
  nodeId: 'ab'.repeat(32),
  label: 'node-1',
  region: 'eu',
  owner: 'ada@example.org',
  hubUrl: 'https://eu.hub.example',
  keyFiles: ['/data/identity', '/data/session'],
  natIdle: { idleMs: 240_000, measuredAt: Date.UTC(2026, 10, 20) },
};

export const CONFIG: AgentConfig = loadConfig({
  env: {
    STOA_AGENT_DATA: '/data',
    CHAINWEB_URL: 'http://127.0.0.1:1',
    CHAINWEB_P2P_URL: 'https://127.0.0.1:1',
  },
  host: { root: true, home: '/root' },
});

/** A healthy, enrolled host, but for what is given. Its chainweb node is down. */
export function makePatient(change: Partial<Patient> = {}): Patient {
  const clock = new VirtualClock(Date.UTC(2026, 10, 25));
  const http = createHttp({ clock });
  return {
    config: CONFIG,
    clock,
    disk: new MemoryDisk({ capacityBytes: 1e12 }),
    http,
    nodeHttp: http,
    proxies: DIRECT,
    identity: IDENTITY,
    identityFault: undefined,
    hubUrl: IDENTITY.hubUrl,
    proc: openProc(),
    uid: 0,
    resolve: async (_name, family) => (family === 4 ? ['203.0.114.9'] : ['2a01:4f8::9']),
    webSocket: transportThat((listener) => listener.message(Uint8Array.of(1))),
    random: (bytes) => new Uint8Array(bytes),
    hubAnswer: async () => ({ status: 200, skewMs: 0 }),
    ...change,
  };
}

/** A transport of which every link does the same. */
export function transportThat(act: (listener: LinkListener) => void): Transport {
  return {
    name: 'websocket',
    dial: (_target, listener) => {
      setImmediate(() => act(listener));
      return {
        buffered: 0,
        send: () => undefined,
        acceptsBinding: () => true,
        close: () => undefined,
        destroy: () => undefined,
      };
    },
  };
}

export function closedWith(end: Partial<LinkEnd>): Transport {
  return transportThat((listener) => listener.closed({ code: 1006, reason: '', opened: false, ...end }));
}
