import type { Sql } from '#seams/db-adapter/index.ts';
import { ACCOUNT_RULES, type AnyRuleId, CLEAR_MS, REGION_RULES, REMIND_MS, RULES } from './rule.ts';
import type { Scope } from './scope.ts';

/** A silence that covers the whole region is of this owner; so are the region's own alerts. */
export const REGION_OWNER = '@region';

export interface RuleSetting {
  readonly enabled: boolean;
  readonly delayMs: number;
  readonly selector: string;
}

export interface Silence {
  readonly owner: string;
  readonly nodeId: string | undefined;
  readonly selector: string;
  readonly rule: string | undefined;
  readonly until: number;
}

const DEFAULTS: Readonly<Record<AnyRuleId, { readonly delayMs: number }>> = {
  ...RULES,
  ...REGION_RULES,
  ...ACCOUNT_RULES,
};

/** The defaults of a rule, or what its owner made of them. */
export function settingOf(rule: AnyRuleId, own: RuleSetting | undefined): RuleSetting {
  if (own !== undefined) return own;
  return {
    enabled: true,
    delayMs: DEFAULTS[rule].delayMs,
    selector: '',
  };
}

export function timingOf(setting: RuleSetting) {
  return { delayMs: setting.delayMs, clearMs: CLEAR_MS, remindMs: REMIND_MS };
}

/** What owners decided over their alerts, for one pass. */
export class Settings {
  readonly #rules: ReadonlyMap<string, RuleSetting>;
  /** By owner. */
  readonly #silences: ReadonlyMap<string, readonly Silence[]>;
  readonly #scope: Scope;

  constructor(by: { rules: ReadonlyMap<string, RuleSetting>; silences: readonly Silence[]; scope: Scope }) {
    this.#rules = by.rules;
    this.#silences = Map.groupBy(by.silences, ({ owner }) => owner);
    this.#scope = by.scope;
  }

  static async load(
    sql: Sql,
    { owners, now, scope }: { owners: readonly string[]; now: number; scope: Scope },
  ): Promise<Settings> {
    const [rules, silences] = await Promise.all([
      sql<{ owner: string; rule: string; enabled: boolean; delay_ms: bigint; selector: string }[]>`
        select owner, rule, enabled, delay_ms, selector from alert_rules where owner = any(${[...owners]}::text[])`,
      sql<{ owner: string; node_id: string | null; selector: string; rule: string | null; ends_at: Date }[]>`
        select owner, node_id, selector, rule, ends_at from alert_silences
        where owner = any(${[...owners, REGION_OWNER]}::text[]) and cancelled_at is null
          and starts_at <= ${new Date(now)} and ends_at > ${new Date(now)}`,
    ]);
    return new Settings({
      rules: new Map(
        rules.map(({ owner, rule, enabled, delay_ms, selector }) => [
          `${rule} ${owner}`,
          { enabled, delayMs: Number(delay_ms), selector },
        ]),
      ),
      silences: silences.map((row) => ({
        owner: row.owner,
        nodeId: row.node_id ?? undefined,
        selector: row.selector,
        rule: row.rule ?? undefined,
        until: row.ends_at.getTime(),
      })),
      scope,
    });
  }

  rule(owner: string, rule: AnyRuleId): RuleSetting {
    return settingOf(rule, this.#rules.get(`${rule} ${owner}`));
  }

  /** A selector that can not be read any more keeps the rule on for all nodes: better one notice too many. */
  async applies(setting: RuleSetting, nodeId: string): Promise<boolean> {
    if (!setting.enabled) return false;
    const nodes = (await this.#scope.nodes(setting.selector)) ?? 'all';
    return nodes === 'all' || nodes.has(nodeId);
  }

  /** Until when notices about it are held back. A silence whose selector can not be read holds nothing back. */
  async mutedUntil(owner: string, rule: AnyRuleId, nodeId: string): Promise<number | undefined> {
    let until: number | undefined;
    for (const silence of [...this.#of(owner), ...this.#of(REGION_OWNER)]) {
      if (silence.rule !== undefined && silence.rule !== rule) continue;
      if (until !== undefined && silence.until <= until) continue;
      if (await this.#covers(silence, nodeId)) until = silence.until;
    }
    return until;
  }

  #of(owner: string): readonly Silence[] {
    return this.#silences.get(owner) ?? [];
  }

  async #covers({ nodeId, selector }: Silence, subject: string): Promise<boolean> {
    if (nodeId !== undefined) return nodeId === subject;
    const nodes = await this.#scope.nodes(selector);
    return nodes === 'all' || (nodes?.has(subject) ?? false);
  }
}
