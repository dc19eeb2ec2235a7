import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { evaluate } from '#launcher/evaluation.ts';
import type { Launched } from '#launcher/launched.ts';

const GOOD = "exports.version = '1.2.3'; exports.start = async ({ argv }) => argv.length;";
const code = (text: string) => Buffer.from(text);

describe('a payload', () => {
  it('is what its bytes export', async () => {
    const { version, start } = evaluate(code(GOOD), 'test');
    expect(version).toBe('1.2.3');
    expect(await start({ argv: ['run'] } as unknown as Launched)).toBe(1);
  });

  it.each([
    '',
    'exports.start = 1',
    "exports.version = '1.2.3'",
    'module.exports = { version: 1, start() {} }',
  ])('is none that is %j', (text) => {
    expect(() => evaluate(code(text), 'test')).toThrow(expect.objectContaining({ code: 'not_a_payload' }));
  });

  it('can load what is built into Node, and no file: what nobody verified is no code', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stoa-evaluation-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'evil.cjs');
    writeFileSync(file, 'throw new Error("evil ran")');
    expect(evaluate(code(`require('node:crypto'); ${GOOD}`), 'test').version).toBe('1.2.3');
    expect(() => evaluate(code(`require(${JSON.stringify(file)}); ${GOOD}`), 'test')).toThrow(
      expect.objectContaining({ code: 'MODULE_NOT_FOUND' }),
    );
    const imports = `exports.version = '1.2.3'; exports.start = () => import(${JSON.stringify(file)});`;
    await expect(evaluate(code(imports), 'test').start({} as Launched)).rejects.not.toThrow('evil ran');
  });
});
