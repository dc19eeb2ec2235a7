import type { AgentDescription, ComponentHealth, EffectiveConfig } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';

interface Row {
  readonly nodeId: string;
  readonly description: AgentDescription;
}

/** What nodes say of themselves when they connect or change. In a reconnect storm they come by the thousand, so in batches. */
export class Descriptions {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #writes: Batcher<Row, undefined>;

  constructor(by: { sql: Sql; clock: Clock }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#writes = new Batcher({ clock: by.clock, windowMs: 20, maxItems: 200 }, (rows) => this.#write(rows));
  }

  async describe(nodeId: string, description: AgentDescription): Promise<void> {
    await this.#writes.submit({ nodeId, description });
  }

  async health(nodeId: string, { components }: ComponentHealth): Promise<void> {
    await this
      .#sql`update node_descriptions set components = ${this.#sql.json(components)} where node_id = ${nodeId}`;
  }

  async config(nodeId: string, { settings }: EffectiveConfig): Promise<void> {
    await this
      .#sql`update node_descriptions set settings = ${this.#sql.json(settings)} where node_id = ${nodeId}`;
  }

  async #write(rows: readonly Row[]): Promise<undefined[]> {
    const newest = [...new Map(rows.map((row) => [row.nodeId, row])).values()];
    const column = <T>(pick: (description: AgentDescription) => T): T[] =>
      newest.map((row) => pick(row.description));
    await this.#sql`
      insert into node_descriptions (node_id, agent_version, chainweb_version, supervision, argv, host, described_at)
      select node_id, agent_version, nullif(chainweb_version, ''), supervision, argv::jsonb, host::jsonb, ${new Date(this.#clock.now())}
      from unnest(${newest.map((row) => row.nodeId)}::text[], ${column((d) => d.agentVersion)}::text[],
        ${column((d) => d.chainwebVersion)}::text[], ${column((d) => d.process?.supervision ?? 'none')}::text[],
        ${column((d) => JSON.stringify(d.process?.argv ?? []))}::text[], ${column((d) => JSON.stringify(hostFacts(d)))}::text[]
      ) as d(node_id, agent_version, chainweb_version, supervision, argv, host)
      where exists (select from nodes where nodes.node_id = d.node_id)
      on conflict (node_id) do update set agent_version = excluded.agent_version,
        chainweb_version = excluded.chainweb_version, supervision = excluded.supervision, argv = excluded.argv,
        host = excluded.host, described_at = excluded.described_at`;
    return rows.map(() => undefined);
  }
}

function hostFacts({ process, ...host }: AgentDescription): Record<string, unknown> {
  if (process === undefined) return host;
  const { argv: _argv, ...facts } = process;
  return { ...host, process: facts };
}
