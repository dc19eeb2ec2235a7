import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { AuditLog, chainHash, GENESIS } from './audit-log.ts';

interface Stored {
  seq: bigint;
  at: Date;
  actor: string;
  act: string;
  subject: string;
  owner: string | null;
  detail: Record<string, unknown>;
  retention: 'permanent';
  hash: Uint8Array;
}

describe('the audit log', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let now = Date.UTC(2026, 10, 25);
  const log = () => new AuditLog({ sql: database.sql, clock: { now: () => (now += 1) } });

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  async function verify(): Promise<number> {
    const rows = await database.sql<Stored[]>`select * from audit_log order by seq`;
    let before: Uint8Array = GENESIS;
    for (const [i, { hash, ...row }] of rows.entries()) {
      expect(Number(row.seq)).toBe(i + 1);
      const made = chainHash(before, {
        ...row,
        seq: Number(row.seq),
        at: row.at.getTime(),
        owner: row.owner ?? undefined,
      });
      expect(Buffer.from(hash).equals(made), `row ${row.seq}`).toBe(true);
      before = hash;
    }
    return rows.length;
  }

  it('chains what the database gives back, whatever JSON the detail is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue(), { maxKeys: 5 }),
        async (detail) => {
          await log().append({ actor: 'a@x.example', act: 'node.tag', subject: 'n', detail });
        },
      ),
      { numRuns: 60 },
    );
    expect(await verify()).toBe(60);
  });

  it('stays one chain when several instances append at once', async () => {
    const before = await verify();
    const logs = [log(), log(), log()];
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        logs[i % 3]!.append({ actor: 'hub', act: 'token.create', subject: String(i), owner: 'o@x.example' }),
      ),
    );
    expect(await verify()).toBe(before + 30);
  });

  it('shows when a row was changed afterwards', async () => {
    const { seq } = await log().append({ actor: 'a@x.example', act: 'node.retire', subject: 'n' });
    await database.sql`update audit_log set actor = 'b@x.example' where seq = ${seq}`;
    await expect(verify()).rejects.toThrow(`row ${seq}`);
    await database.sql`update audit_log set actor = 'a@x.example' where seq = ${seq}`;
    expect(await verify()).toBe(seq);
  });
});
