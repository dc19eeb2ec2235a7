import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { RateLimit } from '../rate-limit.ts';
import { storableJson } from '../storable.ts';

/** `key`: the host proved the key that it made. `refused`: and was told no. */
export type JoinStep = 'downloaded' | 'key' | 'refused' | 'doctor';

export interface StepMark {
  readonly step: JoinStep;
  readonly at: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Marks a minute: of one token, and in all. What comes beyond is not written. */
const MARKS = { perKey: 60, inAll: 2_400 };
/** A host may still report after its token ended: the doctor comes last. */
const GRACE_MS = 3_600_000;

/** How far the hosts of a token got, as they and the downloads tell. */
export class JoinSteps {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #marks: RateLimit;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#marks = new RateLimit({ clock: by.clock, ...MARKS });
  }

  /** Nothing happens for a token that is unknown, revoked or long over. Returns whether it was written. */
  async mark(
    tokenId: string,
    step: JoinStep,
    detail: Readonly<Record<string, unknown>> = {},
  ): Promise<boolean> {
    if (!isTokenId(tokenId) || !this.#marks.admit(tokenId)) return false;
    const now = this.#clock.now();
    const { count } = await this.#sql`insert into join_steps (token_id, step, at, detail)
      select token_id, ${step}, ${new Date(now)}, ${storableJson(detail)}::text::jsonb from join_tokens
      where token_id = ${tokenId} and revoked_at is null and expires_at > ${new Date(now - GRACE_MS)}
      on conflict (token_id, step) do update set at = excluded.at, detail = excluded.detail`;
    return count === 1;
  }

  /** By token id. */
  async read(tokenIds: readonly string[]): Promise<ReadonlyMap<string, readonly StepMark[]>> {
    const rows = await this.#sql<
      { token_id: string; step: JoinStep; at: Date; detail: StepMark['detail'] }[]
    >`
      select token_id, step, at, detail from join_steps where token_id = any(${[...tokenIds]}::text[])`;
    const marks = rows.map(({ token_id, step, at, detail }) => ({
      token_id,
      mark: { step, at: at.getTime(), detail },
    }));
    return new Map(
      [...Map.groupBy(marks, ({ token_id }) => token_id)].map(([id, held]) => [
        id,
        held.map(({ mark }) => mark),
      ]),
    );
  }
}

export function isTokenId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
