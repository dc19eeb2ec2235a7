import { CLOSE, LIMITS } from '@stoa/protocol';
import { describe, expect, test } from 'vitest';
import { type ChannelWorld, channelWorld, HOUR, MINUTE } from '#channel/channel-world.fixture.ts';
import type { Act } from '#channel/scripted-hub.fixture.ts';
import { IdentityStore } from '#identity/identity-store.ts';
import { makeRegion } from '#identity/region.fixture.ts';
import { MemoryDisk } from '#memory-disk.ts';

describe('a session', () => {
  test('is opened at once by a process start, and kept', async () => {
    const { clock, hub, channel, events } = await channelWorld();
    channel.start();
    await clock.advance(1_000);
    expect(channel.state).toBe('established');
    await clock.advance(HOUR);
    expect(hub.connections.length).toBe(1);
    expect(events.filter((event) => event === 'pong').length).toBe(180);
    expect(channel.status()).toMatchObject({ state: 'established', rttMs: 40, sessions: 1, failures: 0 });
  });

  test('of a node that the hub does not know is kept, and shown as quarantined', async () => {
    const { clock, hub, channel } = await channelWorld();
    hub.terms = { quarantined: true };
    channel.start();
    await clock.advance(10 * MINUTE);
    expect(channel.state).toBe('quarantined');
    expect(channel.inSession).toBe(true);
  });

  test('that is drained is left after the delay and followed by the next at once', async () => {
    const { clock, hub, channel } = await channelWorld();
    channel.start();
    await clock.advance(MINUTE);
    hub.send('goAway', { delayMs: 30_000, alternates: ['https://evil.example'] });
    await clock.advance(29_000);
    expect(channel.state).toBe('draining');
    expect(hub.connections.length).toBe(1);
    await clock.advance(2_000);
    expect(channel.state).toBe('established');
    const hosts = hub.connections.map(({ connection }) => connection.request.host);
    expect(hosts).toEqual(['hub.example', 'hub.example']);
    expect(hub.received('disconnect')).toEqual([{ reason: 'the hub drains' }]);
  });

  const spoilt: [string, (frame: Uint8Array) => Uint8Array[]][] = [
    ['tampered with', (frame) => [frame.with(20, frame[20]! ^ 1)]],
    ['replayed', (frame) => [frame, frame]],
    ['cut short', (frame) => [frame.subarray(0, 10)]],
    ['too large', () => [new Uint8Array(LIMITS.frameBytes + 1)]],
  ];

  test.for(spoilt)('ends with a frame that was %s, and is followed by another', async ([, spoil]) => {
    const { clock, hub, channel } = await channelWorld();
    channel.start();
    await clock.advance(5 * MINUTE);
    const { connection, session } = hub.last;
    for (const bytes of spoil(session!.seal(69, new Uint8Array()))) connection.send(bytes);
    await clock.advance(100);
    expect(hub.connections[0]?.closed).toBeGreaterThanOrEqual(CLOSE.badFrame);
    await clock.advance(MINUTE);
    expect(channel.status()).toMatchObject({ state: 'established', sessions: 2 });
  });

  test('leaves unread what only a newer hub knows', async () => {
    const { clock, hub, channel } = await channelWorld();
    channel.start();
    await clock.advance(MINUTE);
    hub.last.connection.send(hub.last.session!.seal(120, new Uint8Array(9)));
    await clock.advance(HOUR);
    expect(channel.status()).toMatchObject({ state: 'established', sessions: 1 });
  });
});

describe('the hub is who it must be', () => {
  const cases: [string, string, (w: ChannelWorld) => ChannelWorld['hub']['party']][] = [
    ['a hub of another root', 'wrong_root', () => ({ chain: makeRegion('eu', 'evil').chain() })],
    ['a hub of another region', 'wrong_region', () => ({ chain: makeRegion('na', 'eu').chain() })],
    [
      'a certificate that ended before the proven time',
      'certificate_expired',
      ({ region }) => ({ chain: region.chain({ serial: 5, notAfter: Date.UTC(2025, 0, 1) }) }),
    ],
    [
      'an instance that the region has superseded',
      'certificate_superseded',
      ({ region }) => ({ chain: region.chain({ serial: 4 }) }),
    ],
    [
      'a hub that answers for another name',
      'bad_binding',
      ({ region }) => ({
        chain: region.chain({ serial: 5 }),
        binding: { mode: 'terminator', value: 'other.example' },
      }),
    ],
    [
      'an instance key that the region did not certify',
      'bad_signature',
      ({ region }) => ({ chain: region.chain({ serial: 5 }), key: makeRegion('eu', 'evil').hubKey }),
    ],
  ];

  test.for(cases)('%s gets no Hello; the agent keeps trying', async ([, code, spoil]) => {
    const w = await channelWorld();
    await w.store.saveSession({ timeFloor: Date.UTC(2025, 5, 1), minInstanceSerial: 5 });
    w.hub.party = spoil(w);
    w.channel.start();
    await w.clock.advance(30 * MINUTE);
    expect(w.channel.status().lastFault?.code).toBe(code);
    expect(w.hub.connections.length).toBeGreaterThan(3);
    expect(w.hub.connections.filter(({ hello }) => hello !== undefined)).toEqual([]);
    w.hub.party = { chain: w.region.chain({ serial: 5 }) };
    await w.clock.advance(11 * MINUTE);
    expect(w.channel.state).toBe('established');
  });

  test('the time that the region signed is kept, and only rises', async () => {
    const { clock, channel, store, disk, directory } = await channelWorld();
    channel.start();
    await clock.advance(1_000);
    const { timeFloor, epoch, versionFloor } = store.session;
    expect({ timeFloor, epoch, versionFloor }).toEqual({
      timeFloor: Date.UTC(2026, 0, 1),
      epoch: 1,
      versionFloor: 1,
    });
    await store.saveSession({ timeFloor: 5, minInstanceSerial: 0 });
    expect((await IdentityStore.open(disk, directory)).session.timeFloor).toBe(timeFloor);
  });

  test('a region time that somebody else signed ends the attempt', async () => {
    const { clock, hub, channel, store } = await channelWorld();
    const { authority } = makeRegion().time(0);
    hub.terms = { ...makeRegion('eu', 'evil').time(Date.UTC(2090, 0, 1)), authority };
    channel.start();
    await clock.advance(1_000);
    expect(channel.status().lastFault?.code).toBe('bad_signature');
    expect(store.session.timeFloor).toBe(0);
  });

  test('a version below the highest that was used is a downgrade', async () => {
    const { clock, channel, store } = await channelWorld();
    await store.saveSession({ versionFloor: 2 });
    channel.start();
    await clock.advance(1_000);
    expect(channel.status().lastFault?.code).toBe('unsupported_version');
  });
});

describe('nothing unsigned ends an agent', () => {
  test('F05 neither HTTP answers, close codes, errors nor silence un-enrol', async () => {
    const { clock, hub, transport, longPoll, channel, store, disk, directory } = await channelWorld();
    channel.start();
    for (const status of [401, 403, 404, 407, 410, 500]) {
      transport.faults.refuse = status;
      longPoll.faults.refuse = status;
      await clock.advance(HOUR);
    }
    transport.faults.refuse = undefined;
    longPoll.faults.refuse = undefined;
    const acts: Act[] = [
      ...Object.values(CLOSE).map((close) => ({ close })),
      { close: 1008 },
      { say: 'error', value: { code: 'unknown_node', retry: false, message: 'no such node' } },
      'silent',
      'mute',
    ];
    for (const act of acts) {
      hub.act = () => act;
      await clock.advance(HOUR);
      expect(channel.state).not.toBe('closed');
    }
    hub.act = () => 'welcome';
    await clock.advance(11 * MINUTE);
    expect(channel.state).toBe('established');
    expect((await IdentityStore.open(disk, directory)).identity).toEqual(store.identity);
  });

  test('F05 a Refuse or Revoke that its authority did not sign changes nothing', async () => {
    const { clock, hub, channel, store, region, lines } = await channelWorld();
    const evil = makeRegion('eu', 'evil');
    const forged: Act[] = [
      { say: 'revoke', value: region.revoke(store.nodeId, region.keys.authority) },
      { say: 'revoke', value: region.revoke(store.nodeId, evil.root) },
      { say: 'revoke', value: region.revoke(new Uint8Array(32)) },
      { say: 'refuse', value: region.refuse(store.nodeId, 1, region.hubKey) },
      { say: 'refuse', value: evil.refuse(store.nodeId, 1) },
      { say: 'refuse', value: region.refuse(new Uint8Array(32), 1) },
    ];
    channel.start();
    for (const act of forged) {
      hub.act = () => act;
      await clock.advance(30 * MINUTE);
      expect(['waiting', 'connecting']).toContain(channel.state);
    }
    expect(lines.filter((line) => line.includes('channel-verdict-ignored')).length).toBeGreaterThan(6);
    hub.act = () => 'welcome';
    await clock.advance(11 * MINUTE);
    hub.send('revoke', region.revoke(store.nodeId, region.keys.authority));
    await clock.advance(MINUTE);
    expect(channel.state).toBe('established');
  });

  test('F08 a session that another took over is fought for slowly; a new process connects at once', async () => {
    const { clock, hub, channel, makeChannel, disk, directory } = await channelWorld();
    channel.start();
    await clock.advance(HOUR);
    hub.last.connection.close(CLOSE.replaced, 'another session took over');
    await clock.advance(100);
    expect(channel.status()).toMatchObject({ state: 'waiting', lastFault: { code: 'replaced' } });
    // kill -9 leaves no farewell: a new process starts with what is on the disk.
    const revived = makeChannel(await IdentityStore.open(disk, directory), 2);
    revived.start();
    await clock.advance(100);
    expect(revived.state).toBe('established');
  });
});

describe('signed orders', () => {
  test('F30 a Refuse that the region signed makes the node ask again once an hour', async () => {
    const { clock, hub, channel, store, region, lines } = await channelWorld();
    hub.act = () => ({ say: 'refuse', value: region.refuse(store.nodeId, hub.wall()) });
    channel.start();
    await clock.advance(1_000);
    expect(channel.state).toBe('refused');
    await clock.advance(24 * HOUR);
    expect(hub.connections.length).toBeGreaterThan(20);
    expect(hub.connections.length).toBeLessThan(28);
    expect(lines.filter((line) => line.includes('"warn"')).length).toBeLessThan(28);
    hub.act = () => 'welcome';
    await clock.advance(67 * MINUTE);
    expect(channel.state).toBe('established');
    // A recorded refusal is of no use after the session that came since.
    hub.act = () => ({ say: 'refuse', value: region.refuse(store.nodeId, hub.wall() - 3 * HOUR) });
    hub.last.connection.close(1001, '');
    await clock.advance(3 * MINUTE);
    expect(channel.state).not.toBe('refused');
  });

  test('a Refuse within a session ends it', async () => {
    const { clock, hub, channel, store, region } = await channelWorld();
    channel.start();
    await clock.advance(MINUTE);
    hub.send('refuse', region.refuse(store.nodeId, hub.wall()));
    await clock.advance(1_000);
    const lastFault = { code: 'node_refused', message: 'refused by its owner' };
    expect(channel.status()).toMatchObject({ state: 'refused', lastFault });
  });

  test('a Revoke that the root signed is final', async () => {
    const { clock, hub, channel, store, region, events } = await channelWorld();
    hub.act = () => ({ say: 'revoke', value: region.revoke(store.nodeId) });
    channel.start();
    await clock.advance(HOUR);
    expect(channel.state).toBe('closed');
    expect(events).toEqual(['revoked']);
    expect(hub.connections.length).toBe(1);
    expect(clock.pending).toBe(0);
  });
});

describe('F07 a cloned data directory', () => {
  test('is detected at its first Hello and asks seldom; the incumbent keeps its session', async () => {
    const { clock, hub, channel, makeChannel, disk, directory } = await channelWorld();
    const copy = new MemoryDisk();
    channel.start();
    await clock.advance(1_000);
    const identity = `${directory}/identity`;
    await copy.writeAtomic(identity, await disk.readFile(identity));
    // The incumbent moves on by two sessions; the copy stays behind.
    for (let i = 0; i < 2; i += 1) {
      channel.renew('test');
      await clock.advance(1_000);
    }
    const clone = makeChannel(await IdentityStore.open(copy, directory), 2);
    clone.start();
    await clock.advance(HOUR);
    expect(clone.status()).toMatchObject({ lastFault: { code: 'stale_copy' }, sessions: 0 });
    expect(hub.connections.length).toBeLessThan(18);
    expect(channel.status()).toMatchObject({ state: 'established', sessions: 3 });
  });
});
