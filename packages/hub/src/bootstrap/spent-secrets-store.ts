import type { Sql } from '#seams/db-adapter/index.ts';
import { secretNames } from './ssh-job.ts';

const [LOGIN, TOKEN] = [secretNames.login(''), secretNames.token('')];

/** One-time logins and join tokens of jobs that are over: a cancel, a deadline or a crash ends jobs outside their worker. */
export class SpentSecrets {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A login is sealed in the transaction that makes its job, a token by the attempt that holds it: none is seen too early. */
  async forget(): Promise<void> {
    await this.#sql`
      delete from vault_secrets s where (starts_with(s.name, ${LOGIN}) or starts_with(s.name, ${TOKEN}))
        and not exists (select 1 from jobs j where j.job_id::text = split_part(s.name, '/', 2) and j.ended_at is null)`;
  }
}
