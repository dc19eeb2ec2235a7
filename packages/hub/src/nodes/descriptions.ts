import type { AgentDescription, ComponentHealth, EffectiveConfig } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { storableJson } from '../storable.ts';

interface Said {
  readonly nodeId: string;
  readonly description?: AgentDescription;
  readonly components?: ComponentHealth['components'];
  readonly settings?: EffectiveConfig['settings'];
}

/**
 * What nodes say of themselves when they connect or change. In a reconnect storm they come by the thousand, so in
 * batches; all kinds in the same one, since a node's description comes first and makes the row of the others.
 */
export class Descriptions {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #writes: Batcher<Said, undefined>;

  constructor(by: { sql: Sql; clock: Clock }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#writes = new Batcher({ clock: by.clock, windowMs: 20, maxItems: 200 }, (said) => this.#write(said));
  }

  async describe(nodeId: string, description: AgentDescription): Promise<void> {
    await this.#writes.submit({ nodeId, description });
  }

  async health(nodeId: string, { components }: ComponentHealth): Promise<void> {
    await this.#writes.submit({ nodeId, components });
  }

  async config(nodeId: string, { settings }: EffectiveConfig): Promise<void> {
    await this.#writes.submit({ nodeId, settings });
  }

  async #write(said: readonly Said[]): Promise<undefined[]> {
    await this.#describe(newest(said, 'description'));
    await this.#list('components', newest(said, 'components'));
    await this.#list('settings', newest(said, 'settings'));
    return said.map(() => undefined);
  }

  async #describe(described: readonly { nodeId: string; value: AgentDescription }[]): Promise<void> {
    if (described.length === 0) return;
    const rows = described.map(({ nodeId, value }) => ({
      node_id: nodeId,
      agent_version: value.agentVersion,
      chainweb_version: value.chainwebVersion,
      supervision: value.process?.supervision ?? 'none',
      argv: value.process?.argv ?? [],
      host: hostFacts(value),
    }));
    await this.#sql`
      with d as (select * from json_to_recordset(${storableJson(rows)}::text::json)
          as d(node_id text, agent_version text, chainweb_version text, supervision text, argv jsonb, host jsonb)),
        listed as (update nodes n set agent_version = d.agent_version,
            chainweb_version = coalesce(nullif(d.chainweb_version, ''), n.chainweb_version)
          from d where n.node_id = d.node_id and (n.agent_version is distinct from d.agent_version
            or (d.chainweb_version <> '' and n.chainweb_version is distinct from d.chainweb_version)))
      insert into node_descriptions (node_id, agent_version, chainweb_version, supervision, argv, host, described_at)
      select node_id, agent_version, nullif(chainweb_version, ''), supervision, argv, host, ${new Date(this.#clock.now())}
      from d where exists (select from nodes where nodes.node_id = d.node_id)
      on conflict (node_id) do update set agent_version = excluded.agent_version,
        chainweb_version = excluded.chainweb_version, supervision = excluded.supervision, argv = excluded.argv,
        host = excluded.host, described_at = excluded.described_at`;
  }

  async #list(
    column: 'components' | 'settings',
    listed: readonly { nodeId: string; value: readonly object[] }[],
  ): Promise<void> {
    if (listed.length === 0) return;
    const rows = listed.map(({ nodeId, value }) => ({ node_id: nodeId, list: value }));
    await this.#sql`update node_descriptions d set ${this.#sql(column)} = l.list
      from json_to_recordset(${storableJson(rows)}::text::json) as l(node_id text, list jsonb)
      where d.node_id = l.node_id`;
  }
}

/** The last of a kind that each node said; in order of node, so that two hubs' batches lock in the same order. */
function newest<K extends 'description' | 'components' | 'settings'>(
  said: readonly Said[],
  kind: K,
): { nodeId: string; value: NonNullable<Said[K]> }[] {
  const byNode = new Map<string, NonNullable<Said[K]>>();
  for (const one of said) {
    const value = one[kind];
    if (value !== undefined) byNode.set(one.nodeId, value);
  }
  return [...byNode]
    .map(([nodeId, value]) => ({ nodeId, value }))
    .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

function hostFacts({ process, ...host }: AgentDescription): Record<string, unknown> {
  if (process === undefined) return host;
  const { argv: _argv, ...facts } = process;
  return { ...host, process: facts };
}
