import { type HourRecord, UNKNOWN_U32 } from '@stoa/protocol';
import { describe, expect, test } from 'vitest';
import { readText } from '#disk.ts';
import { description, heartbeat, START, type World, world } from '#evidence/evidence-world.fixture.ts';
import { hourKind } from '#evidence/hour-journal.ts';
import { digestOf, HourLogs, hourRecordKind } from '#evidence/hour-logs.ts';
import { HOUR_MS, hourOf, MINUTE_MS } from '#evidence/hub-time.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { appendRecord, parseRecords } from '#record-line.ts';

describe('the log of what was said', () => {
  const tips = Array.from({ length: 10 }, (_, chain) => ({ chain, height: 100, hash: new Uint8Array(32) }));

  function say(w: World, peers = 5): void {
    w.evidence.sentDescription(description(['chainweb-node', '--p2p-hostname=n.example']));
    w.evidence.sentTips(tips, new Uint8Array([1]));
    w.evidence.sentHeartbeat(heartbeat(peers));
  }

  async function logsOf(w: World, day = '2026-01-01'): Promise<HourRecord[]> {
    const text = await readText(w.disk, `${w.store.nodeDirectory}/evidence/hour-logs/${day}.log`);
    return parseRecords(hourRecordKind, text ?? '');
  }

  test('has a line a minute, as it stood at its end, and its digest is what the checkpoint signs', async () => {
    const w = await world();
    w.open();
    say(w);
    await w.live(59);
    w.evidence.sentHeartbeat(heartbeat(1));
    await w.live(7);
    const [log] = await logsOf(w);
    expect(log!.minutes.map(({ minute }) => minute)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(log!.minutes[0]).toMatchObject({
      ...{ acknowledged: true, beatAgeMs: MINUTE_MS, heartbeatMs: 30_000, peers: 5, diskFreeMb: 2_000_000 },
      ...{ chainweb: 'up', tips, said: { argv: ['chainweb-node', '--p2p-hostname=n.example'] } },
    });
    expect(log!.minutes[58]).toMatchObject({ peers: 5, said: undefined });
    expect(log!.minutes[59]).toMatchObject({ peers: 1, beatAgeMs: MINUTE_MS });
    expect(w.checkpoints[0]!.inputsDigest).toEqual(digestOf(log!));
  });

  test('begins each hour with what the node says of itself, and keeps it apart from free space of before', async () => {
    const w = await world();
    w.open();
    say(w);
    await w.live(63);
    w.evidence.sentDescription(description([]));
    await w.live(63);
    const [, second] = await logsOf(w);
    expect(second!.minutes[0]!.said).toMatchObject({ argv: expect.arrayContaining(['chainweb-node']) });
    expect(second!.minutes[3]).toMatchObject({ said: { argv: [] }, diskFreeMb: UNKNOWN_U32 });
  });

  test('is lost for one minute where the process is killed, and for none where it is stopped', async () => {
    const w = await world();
    w.open();
    say(w);
    await w.live(10);
    await w.kill('lost');
    await w.boot();
    w.open();
    say(w);
    await w.live(5);
    await w.evidence.stop();
    await w.boot();
    w.open();
    say(w);
    await w.live(60);
    const [log] = await logsOf(w);
    expect(log!.minutes.slice(0, 17).map(({ minute }) => minute)).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17],
    ]);
    expect(w.checkpoints[0]!.inputsDigest).toEqual(digestOf(log!));
  });

  test('goes back 40 days', async () => {
    const w = await world();
    const disk = new MemoryDisk();
    const logs = new HourLogs(disk, '/logs', 40);
    for (let day = 0; day < 50; day += 1) await logs.keep({ hubHour: hourOf(START) + 24 * day, minutes: [] });
    const names = await disk.list('/logs');
    expect([names.length, names[0]]).toEqual([41, '2026-01-10.log']);
    await w.evidence.stop();
  });

  test('leaves an hour that an agent of before began with its own digest', async () => {
    const w = await world();
    const inputsDigest = new Uint8Array(32).fill(7);
    const hour = {
      ...{
        hubHour: hourOf(START),
        minutes: 7n,
        sessionIds: [],
        tipsDigest: new Uint8Array(32),
        inputsDigest,
      },
      ...{ bootId: new Uint8Array(16), uptimeMs: 1 },
    };
    await appendRecord(w.disk, `${w.store.nodeDirectory}/evidence/hours`, hourKind, hour);
    await w.kill('kept');
    await w.clock.advance(HOUR_MS);
    await w.boot();
    w.open();
    await w.live(2);
    expect(w.checkpoints).toMatchObject([{ minutes: 7n, inputsDigest }]);
  });
});
