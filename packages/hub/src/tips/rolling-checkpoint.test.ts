import { encodeHeader } from '@stoa/protocol/chainweb';
import { describe, expect, it } from 'vitest';
import { Braid, CHAINS, FixedClock, node } from './braid.fixture.ts';
import { RollingCheckpoint, startingCheckpoint } from './rolling-checkpoint.ts';
import { VerifiedSet } from './verified-set.ts';

const HEIGHT = 30;
const braid = new Braid();
braid.mineTo(HEIGHT);
const clock = new FixedClock().atHeight(100);

class MemoryFile {
  bytes: Uint8Array | undefined;
  saved = 0;
  load = async () => this.bytes;
  save = async (bytes: Uint8Array) => {
    this.bytes = bytes;
    this.saved += 1;
  };
}

/** A hub's run: verifies from where the file says, up to the height, and keeps a checkpoint. */
async function run(
  file: MemoryFile,
  to: number,
  from = braid,
): Promise<{ set: VerifiedSet; complaints: unknown[] }> {
  const complaints: unknown[] = [];
  const pinned = from.checkpoint;
  const checkpoint = await startingCheckpoint(pinned, file, (error) => complaints.push(error));
  const set = new VerifiedSet({ checkpoint, clock });
  for (let height = checkpoint.height + 1; height <= to; height += 1)
    for (const header of from.level(height)) set.offer(encodeHeader(header), node('a'));
  const rolling = new RollingCheckpoint({ set, file, pinned, depth: 5 });
  await rolling.tick();
  await rolling.tick();
  return { set, complaints };
}

describe('the rolling checkpoint', () => {
  it('lets the next run begin near the head, and stand where a run from the pinned one stands', async () => {
    const file = new MemoryFile();
    const first = await run(file, 20);
    expect([first.set.stats.verified, file.saved]).toEqual([20 * CHAINS.length, 1]);
    const second = await run(file, HEIGHT);
    expect(second.set.stats.verified).toBe((HEIGHT - 15) * CHAINS.length);
    expect(second.set.heads()).toEqual(braid.level(HEIGHT));
    expect(file.saved).toBe(2);
  });

  it('is not kept before anything lies deep enough', async () => {
    const file = new MemoryFile();
    await run(file, 5);
    expect(file.saved).toBe(0);
  });

  it('is worth nothing under another pinned checkpoint', async () => {
    const file = new MemoryFile();
    await run(file, 20);
    const moved = { ...braid.checkpoint, headers: braid.level(10), height: 10 };
    expect(await startingCheckpoint(moved, file, () => expect.unreachable())).toBe(moved);
  });

  it.each(['', '{', 'null', '{"pinned":1}', '{"rolled":"x"}'])(
    'is passed over where the file holds %j',
    async (text) => {
      const file = new MemoryFile();
      file.bytes = Buffer.from(text);
      const { set } = await run(file, 3);
      expect(set.heads()).toEqual(braid.level(3));
    },
  );

  it('is passed over, and said so, where it was changed', async () => {
    const file = new MemoryFile();
    await run(file, 20);
    const kept = JSON.parse(Buffer.from(file.bytes!).toString()) as { pinned: string; rolled: string };
    file.bytes = Buffer.from(JSON.stringify({ ...kept, rolled: kept.rolled.replace('simulated', 'stoa') }));
    const { complaints } = await run(file, 3);
    expect(complaints).toHaveLength(1);
  });
});
