import { formatParams, kindOf } from '@stoa/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readKeepsakes } from './keepsakes.ts';

const SHA = 'ab'.repeat(32);
const row = { jobId: 'j', kind: 'backup-stoachain', params: '{"to":"disk"}', endedAt: 5 };
const report = { sha256: SHA, bytes: 7, to: '/var/lib/stoa-agent/backups/x.stoa-archive', sealedTo: SHA };

describe('what a node made', () => {
  it('is read from its report, and from what was ordered', () => {
    const { backups, seeds } = readKeepsakes([
      { ...row, report: JSON.stringify(report) },
      {
        ...row,
        params: formatParams(kindOf('backup-stoachain').parameters, {
          to: 'https://s3.example/b/n/1?X-Amz-Signature=secret',
        }),
        report: JSON.stringify({ sha256: SHA, bytes: 7, to: 'storage' }),
      },
      {
        ...row,
        kind: 'seed-promote',
        report: JSON.stringify({ sha256: SHA, from: SHA, file: '/var/lib/stoachain/seeds/seed.tar.zst' }),
      },
    ]);
    expect(backups).toMatchObject([
      { place: { kind: 'disk', path: report.to }, sealedTo: SHA, madeAt: 5 },
      { place: { kind: 'storage', url: 'https://s3.example/b/n/1' }, sealedTo: undefined },
    ]);
    expect(seeds).toMatchObject([{ sha256: SHA, from: SHA }]);
    expect(JSON.stringify(backups)).not.toContain('secret');
  });

  it('is left out where it is no such report, or would end in a command as something else', () => {
    const told = (to: string) => readKeepsakes([{ ...row, report: JSON.stringify({ ...report, to }) }]);
    for (const to of ['/a b', "/a'; rm -rf /", 'relative', '/a$(id)', 'storage'])
      expect(told(to).backups).toEqual([]);
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.string(), (text, params) => {
        for (const kind of ['backup-stoachain', 'seed-refresh', 'seed-promote'])
          readKeepsakes([{ ...row, kind, params, report: text }]);
        return true;
      }),
      { numRuns: 200 },
    );
  });
});
