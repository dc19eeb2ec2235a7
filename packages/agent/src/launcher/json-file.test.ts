import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { readJson } from '#launcher/json-file.ts';

it('reads a plain file of a bounded length, and waits at nothing else that somebody put in its place', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'stoa-json-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const at = (name: string): string => join(directory, name);
  writeFileSync(at('plain'), '{"a":1}');
  symlinkSync(at('plain'), at('link'));
  writeFileSync(at('endless'), Buffer.alloc(9_000_000, ' '));
  spawnSync('mkfifo', [at('fifo')]);
  const read = (name: string) => readJson(createDisk(), at(name), (value) => value);
  await expect(read('plain')).resolves.toEqual({ a: 1 });
  await expect(read('absent')).resolves.toBeUndefined();
  for (const name of ['link', 'endless', 'fifo'])
    await expect(read(name)).rejects.toMatchObject({ code: 'json_damaged' });
});
