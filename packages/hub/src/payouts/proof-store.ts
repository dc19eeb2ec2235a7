import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Keyset } from './keyset.ts';
import type { Signed } from './schema.ts';

export interface Challenge {
  /** 32 hex digits. */
  readonly nonce: string;
  readonly email: string;
  readonly accountId: string;
  readonly account: string;
  /** Milliseconds since 1970, at a full second. */
  readonly expiresAt: number;
  readonly used: boolean;
}

export interface Proof {
  readonly accountId: string;
  readonly email: string;
  readonly nonce: string;
  /** What was signed. */
  readonly challenge: string;
  readonly signatures: readonly Signed[];
  readonly guard: Keyset;
  readonly guardFrom: 'chain' | 'name';
  readonly saidBy: readonly string[];
  readonly provenAt: number;
  readonly fromHour: number;
}

interface ChallengeRow {
  nonce: string;
  email: string;
  account_id: string;
  account: string;
  expires_at: Date;
  used_at: Date | null;
}

interface ProofRow {
  account_id: string;
  email: string;
  nonce: string;
  challenge: string;
  signatures: readonly Signed[];
  guard: Keyset;
  guard_from: 'chain' | 'name';
  said_by: string[];
  proven_at: Date;
  from_hour: number;
}

/** Challenges, each good for one proof, and the proofs. */
export class ProofStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Of the person's accounts alone. @returns false where the person chose no such account. */
  async challenge(challenge: Omit<Challenge, 'used' | 'account'>): Promise<boolean> {
    const { nonce, email, accountId, expiresAt } = challenge;
    const rows = await this.#sql`insert into payout_challenges (nonce, email, account_id, expires_at)
      select ${nonce}, ${email}, ${accountId}, ${new Date(expiresAt)}
      where exists (select 1 from payout_choices where owner = ${email} and account_id = ${accountId}) returning 1`;
    return rows.length === 1;
  }

  async find(nonce: string): Promise<Challenge | undefined> {
    const [row] = await this.#sql<ChallengeRow[]>`select c.*, a.account
      from payout_challenges c join payout_accounts a using (account_id) where c.nonce = ${nonce}`;
    return row && challengeOf(row);
  }

  /** The newest that can still be answered. */
  async open(email: string, accountId: string, now: number): Promise<Challenge | undefined> {
    const [row] = await this.#sql<ChallengeRow[]>`select c.*, a.account
      from payout_challenges c join payout_accounts a using (account_id)
      where c.email = ${email} and c.account_id = ${accountId} and c.used_at is null and c.expires_at > ${new Date(now)}
      order by c.expires_at desc limit 1`;
    return row && challengeOf(row);
  }

  /** Uses the challenge up, keeps the proof and puts it on record, in one. @returns false where it was used or had ended. */
  async keep(proof: Proof, record: (tx: TransactionSql) => Promise<unknown>): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const held = await tx`update payout_challenges set used_at = ${new Date(proof.provenAt)}
        where nonce = ${proof.nonce} and used_at is null and expires_at > ${new Date(proof.provenAt)} returning 1`;
      if (held.length === 0) return false;
      await tx`insert into payout_proofs
        (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
        values (${proof.accountId}, ${proof.email}, ${proof.nonce}, ${proof.challenge},
          ${tx.json(proof.signatures as never)}, ${tx.json(proof.guard as never)}, ${proof.guardFrom},
          ${[...proof.saidBy]}::text[], ${new Date(proof.provenAt)}, ${proof.fromHour})`;
      await record(tx);
      return true;
    });
  }

  /** The newest proof of each of these accounts, by whomever; by one person where an e-mail is given. */
  async newest(accountIds: readonly string[], email?: string): Promise<ReadonlyMap<string, Proof>> {
    const rows = await this.#sql<ProofRow[]>`select distinct on (account_id) * from payout_proofs
      where account_id = any(${[...accountIds]}::text[]) and (${email ?? null}::text is null or email = ${email ?? null})
      order by account_id, proven_at desc`;
    return new Map(rows.map((row) => [row.account_id, proofOf(row)]));
  }

  /** Those that nobody answered within a day after their end. */
  async sweep(now: number): Promise<void> {
    await this.#sql`delete from payout_challenges
      where used_at is null and expires_at < ${new Date(now - 86_400_000)}`;
  }
}

function challengeOf(row: ChallengeRow): Challenge {
  return {
    nonce: row.nonce,
    email: row.email,
    accountId: row.account_id,
    account: row.account,
    expiresAt: row.expires_at.getTime(),
    used: row.used_at !== null,
  };
}

function proofOf(row: ProofRow): Proof {
  return {
    accountId: row.account_id,
    email: row.email,
    nonce: row.nonce,
    challenge: row.challenge,
    signatures: row.signatures,
    guard: row.guard,
    guardFrom: row.guard_from,
    saidBy: row.said_by,
    provenAt: row.proven_at.getTime(),
    fromHour: row.from_hour,
  };
}
