import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiskFullError, readText } from '#disk.ts';
import { MemoryDisk, PowerCutError, type Unsynced } from '#memory-disk.ts';

const unsynced = fc.constantFrom<Unsynced>('lost', 'torn', 'kept');

describe('a power cut', () => {
  it('leaves the old or the new content of an atomic write, and the new one once it was acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(5), unsynced, async (steps, fate) => {
        const disk = new MemoryDisk();
        await disk.writeAtomic('/d/state', 'old');
        disk.crashAfter(steps);
        const outcome = await disk.writeAtomic('/d/state', 'old and new').then(
          () => 'acknowledged',
          (error: unknown) => error,
        );
        disk.restart(fate);
        const content = await readText(disk, '/d/state');
        if (outcome === 'acknowledged') expect(content).toBe('old and new');
        else expect(outcome).toBeInstanceOf(PowerCutError);
        expect(['old', 'old and new']).toContain(content);
        expect(await disk.list('/d')).toEqual(['state']);
      }),
    );
  });

  it('keeps every acknowledged record of a log, and tears at most the last one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), unsynced, async (steps, fate) => {
        const disk = new MemoryDisk();
        let acknowledged = '';
        disk.crashAfter(steps);
        try {
          for (let record = 0; record < 5; record += 1) {
            await disk.append('/log', `record ${record}\n`);
            acknowledged += `record ${record}\n`;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(PowerCutError);
        }
        disk.restart(fate);
        const content = (await readText(disk, '/log')) ?? '';
        expect(content.startsWith(acknowledged)).toBe(true);
        expect(content.length - acknowledged.length).toBeLessThanOrEqual('record 0\n'.length);
      }),
    );
  });

  it('silences the disk until the restart', async () => {
    const disk = new MemoryDisk();
    await disk.writeAtomic('/a', '1');
    disk.crashAfter(0);
    await expect(disk.append('/a', '2')).rejects.toThrow(PowerCutError);
    await expect(disk.readFile('/a')).rejects.toThrow(PowerCutError);
    disk.restart();
    expect(await readText(disk, '/a')).toBe('1');
  });
});

describe('F16 a full disk in memory', () => {
  it('refuses, keeps what was there, and recovers once space is freed', async () => {
    const disk = new MemoryDisk({ capacityBytes: 10 });
    await disk.writeAtomic('/ballast', '123456');
    await disk.writeAtomic('/state', 'ab');
    await expect(disk.writeAtomic('/state', 'abc')).rejects.toThrow(DiskFullError);
    await expect(disk.append('/state', 'xyz')).rejects.toThrow(DiskFullError);
    expect(await readText(disk, '/state')).toBe('ab');
    await disk.remove('/ballast');
    await disk.writeAtomic('/state', 'abc');
    expect(await readText(disk, '/state')).toBe('abc');
  });
});
