import type { Sql } from '#seams/db-adapter/index.ts';
import { type AnyRuleId, isRuleId, RULES } from './rule.ts';
import type { RuleSetting } from './settings.ts';

/** Where owners depart from the defaults. What is changed is looked at anew with the next pass. */
export class RuleStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async ofOwner(owner: string): Promise<ReadonlyMap<string, RuleSetting>> {
    const rows = await this.#sql<{ rule: string; enabled: boolean; delay_ms: bigint; selector: string }[]>`
      select rule, enabled, delay_ms, selector from alert_rules where owner = ${owner}`;
    return new Map(
      rows.map(({ rule, enabled, delay_ms, selector }) => [
        rule,
        { enabled, delayMs: Number(delay_ms), selector },
      ]),
    );
  }

  /** @param by.setting undefined: back to the defaults. */
  async set(
    owner: string,
    by: { rule: AnyRuleId; setting: RuleSetting | undefined; now: number },
  ): Promise<void> {
    const { rule, setting, now } = by;
    await this.#sql.begin(async (sql) => {
      if (setting === undefined) await sql`delete from alert_rules where owner = ${owner} and rule = ${rule}`;
      else
        await sql`
          insert into alert_rules (owner, rule, enabled, delay_ms, selector, changed_at)
          values (${owner}, ${rule}, ${setting.enabled}, ${setting.delayMs}, ${setting.selector}, ${new Date(now)})
          on conflict (owner, rule) do update set enabled = excluded.enabled, delay_ms = excluded.delay_ms,
            selector = excluded.selector, changed_at = excluded.changed_at`;
      await sql`update alert_states set due_at = ${new Date(now)} where owner = ${owner} and rule = ${rule}`;
      if (!isRuleId(rule)) return;
      // What the rule begins to look at now, it sees for the first time.
      await sql`update alert_watch set seen = seen & ${~(1 << RULES[rule].bit)}::int where owner = ${owner}`;
    });
  }
}
