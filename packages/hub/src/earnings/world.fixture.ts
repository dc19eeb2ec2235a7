import { checkpointKind, fromHex, GATES, MINUTES_MASK, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { HourReader } from '#gates/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

/** Monday of a week, 2026-11-23. */
export const FIRST_DAY = 20_780;
export const ANN = 'ann@x.example';
export const ANNS = 'a1'.repeat(16);
const KEY = nodeCrypto.signingKey(new Uint8Array(32).fill(7));
const SESSION = '5e'.repeat(16);
const NO_HASH = new Uint8Array(32);

export const bits = (from: number, until: number): bigint => (1n << BigInt(until)) - (1n << BigInt(from));

export function nodeName(i: number): string {
  return String(i).padStart(64, '0');
}

/** The ledger's own world, as far as it is used here. */
interface ClosingLedger {
  now: number;
  payeeOf: (hour: number, nodeId: string) => { accountId: string; ownerId: string } | undefined;
  readonly book: { begin(): Promise<unknown> };
  tell(hubHour: number, nodeId: string, words: { paid: bigint; pending: bigint }): void;
  after(hubHour: number, minutes: number): Promise<void>;
}

/** What nodes leave behind, and a ledger that closes it: all that pages of earnings read. */
export class EarnedWorld<Ledger extends ClosingLedger> {
  readonly ledger: Ledger;
  readonly hours: HourReader;
  readonly #sql: Sql;

  constructor(sql: Sql, ledger: Ledger) {
    this.#sql = sql;
    this.ledger = ledger;
    this.hours = new HourReader({ sql, crypto: nodeCrypto });
    this.ledger.payeeOf = () => ({ accountId: ANNS, ownerId: 'annid' });
  }

  /** A ledger that begins with the first day, and an owner with an account. */
  async begin(): Promise<void> {
    this.ledger.now = FIRST_DAY * 24 * 3_600_000;
    await this.ledger.book.begin();
    const sql = this.#sql;
    await sql`insert into payout_people (email, owner_id) values (${ANN}, 'annid') on conflict do nothing`;
    await sql`insert into payout_accounts (account_id, account) values (${ANNS}, ${`k:${'a1'.repeat(32)}`}) on conflict do nothing`;
    await sql`insert into payout_choices (owner, node_id, account_id, from_hour, set_by, set_at)
      values (${ANN}, null, ${ANNS}, ${FIRST_DAY * 24}, ${ANN}, now())`;
  }

  async node(i: number, { owner = ANN, micro = 1_000_000 } = {}): Promise<string> {
    const sql = this.#sql;
    const nodeId = nodeName(i);
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      values (${nodeId}, ${`node-${String(i).padStart(3, '0')}`}, ${owner}, 'eu', '\\x00', '\\x00',
        ${new Date((FIRST_DAY - 1) * 86_400_000)})`;
    if (micro > 0)
      await sql`insert into scores (node_id, version, hub_hour, micro, review_micro, cause, job_id, attempt,
          baseline_version, committed_gb, hash, at)
        values (${nodeId}, 1, ${FIRST_DAY * 24 - 24}, ${micro}, ${micro}, 'benchmark', gen_random_uuid(), 1, 0, 0,
          '\\x00', now())`;
    return nodeId;
  }

  /** What a node left of an hour. @param by.told the minutes of its checkpoint; none without. @param by.failed by gate. */
  async left(
    nodeId: string,
    hubHour: number,
    by: {
      acknowledged?: bigint;
      told?: bigint | undefined;
      failed?: Partial<Record<(typeof GATES)[number], bigint>>;
    } = {},
  ): Promise<void> {
    const sql = this.#sql;
    const { acknowledged = MINUTES_MASK, failed = {} } = by;
    const told = 'told' in by ? by.told : acknowledged;
    const failures = Buffer.alloc(GATES.length * 8);
    for (const [gate, name] of GATES.entries()) failures.writeBigUInt64BE(failed[name] ?? 0n, gate * 8);
    await sql`insert into uptime_words (hub_hour, node_id, epoch, minutes) values (${hubHour}, ${nodeId}, 1, ${acknowledged})`;
    await sql`insert into gate_words (hub_hour, node_id, epoch, instance_id, session_id, judged, failures)
      values (${hubHour}, ${nodeId}, 1, 'hub-1', ${SESSION}, ${acknowledged}, ${failures})`;
    if (told === undefined) return;
    const checkpoint = seal(
      checkpointKind,
      {
        ...{ nodeId: fromHex(nodeId), hubHour, minutes: told, sessionIds: [fromHex(SESSION)] },
        ...{ tipsDigest: NO_HASH, inputsDigest: NO_HASH, bootId: NO_HASH.subarray(0, 16) },
        ...{ uptimeMs: 0, number: hubHour, previous: NO_HASH },
      },
      KEY,
    );
    await sql`insert into checkpoints (node_id, hub_hour, number, bytes, stored_at)
      values (${nodeId}, ${hubHour}, ${hubHour}, ${Buffer.from(checkpoint)}, now())`;
  }

  /** The ledger closes an hour by what these nodes left. */
  async close(hubHour: number, nodeIds: readonly string[], minutes = 15): Promise<void> {
    for (const nodeId of nodeIds) {
      const [hour] = await this.hours.span(nodeId, { from: hubHour, until: hubHour + 1 });
      this.ledger.tell(hubHour, nodeId, hour!);
    }
    await this.ledger.after(hubHour, minutes);
  }
}
