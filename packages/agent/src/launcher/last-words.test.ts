import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LastWords } from '#launcher/last-words.ts';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'stoa-words-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('last words', () => {
  it('F35 are the last fifty lines, of a file that does not grow for ever', () => {
    const path = directory();
    const words = new LastWords(path);
    for (let n = 0; n < 3_000; n += 1) words.record('1.2.0-ab', `line ${n} ${'x'.repeat(100)}`);
    const lines = words.lines('1.2.0-ab');
    expect(lines).toHaveLength(50);
    expect(lines.at(-1)).toMatch(/^line 2999 /);
    const bytes = readdirSync(path).map((name) => statSync(join(path, name)).size);
    expect(Math.max(...bytes)).toBeLessThan(70_000);
    expect(words.lines('1.1.0-cd')).toEqual([]);
    words.clear('1.2.0-ab');
    expect(readdirSync(path)).toEqual([]);
  });

  it('name the first cause of an end, and none that can’t be read', () => {
    const path = directory();
    const words = new LastWords(path);
    expect(words.readEnd()).toBeUndefined();
    words.end({ slot: 's', reason: 'spun', detail: 'it spun' });
    words.end({ slot: 's', reason: 'crashed', detail: 'exit code 137' });
    expect(words.readEnd()).toEqual({ slot: 's', reason: 'spun', detail: 'it spun' });
    words.clear();
    for (const damaged of ['', '{', '{"slot":1}', '{"slot":"s","reason":"bored","detail":""}']) {
      writeFileSync(words.endFile, damaged);
      expect(words.readEnd()).toBeUndefined();
    }
  });

  it('are no failure where the disk does not take them', () => {
    const words = new LastWords('/dev/null/nowhere');
    words.record('s', 'line');
    words.end({ slot: 's', reason: 'crashed', detail: '' });
    expect([words.lines('s'), words.readEnd()]).toEqual([[], undefined]);
  });
});
