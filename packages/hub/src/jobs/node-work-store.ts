import {
  decideKind,
  KIND_NAMES,
  type LocalPolicy,
  ProtocolError,
  parseLocalPolicy,
  type WorkPolicy,
} from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { storableText } from '../storable.ts';
import type { AgentSession } from './agent-session.ts';

interface Said {
  readonly session: AgentSession;
  readonly policy: WorkPolicy;
}

/** Each session says it once, and a herd of them comes at once after a restart. */
const WINDOW = { windowMs: 20, maxItems: 500 };

/** What nodes said that they can and will do: shown before a click. The node itself decides. */
export class NodeWorkStore {
  readonly #said: Batcher<Said, void>;
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(by: { sql: Sql; clock: Clock }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#said = new Batcher({ clock: by.clock, ...WINDOW }, (all) => this.#save(all));
  }

  say(session: AgentSession, policy: WorkPolicy): Promise<void> {
    return this.#said.submit({ session, policy });
  }

  async #save(all: readonly Said[]): Promise<readonly undefined[]> {
    // The last word of a node in this batch: one row may be written once by a statement.
    const rows = [...new Map(all.map((said) => [said.session.node.nodeId, said])).values()].map(toRow);
    await this.#sql`
      insert into node_work as w (node_id, kinds, runs, policy, admins, fault, paused, site, said_at)
      select node_id, kinds, runs, policy, admins, fault, paused, site, ${new Date(this.#clock.now())}
      from json_to_recordset(${JSON.stringify(rows)}::text::json)
        as g(node_id text, kinds text[], runs text[], policy text, admins text[], fault text, paused boolean, site text)
      on conflict (node_id) do update set kinds = excluded.kinds, runs = excluded.runs, policy = excluded.policy,
        admins = excluded.admins, fault = excluded.fault, paused = excluded.paused, site = excluded.site, said_at = excluded.said_at`;
    return all.map(() => undefined);
  }
}

function toRow({ session, policy: { kinds, policy, fault, paused } }: Said): object {
  const parsed = readablePolicy(policy, fault);
  return {
    node_id: session.node.nodeId,
    kinds: kinds.map(storableText),
    runs: parsed === undefined ? [] : runnable(kinds, parsed),
    policy: storableText(policy),
    admins: parsed?.admins ?? [],
    fault: storableText(fault),
    paused,
    site: session.node.site,
  };
}

/** A policy that its node or this hub can't read allows nothing: undefined. */
function readablePolicy(policy: string, fault: string): LocalPolicy | undefined {
  if (fault !== '') return undefined;
  try {
    return parseLocalPolicy(policy);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}

function runnable(kinds: readonly string[], policy: LocalPolicy): readonly string[] {
  return KIND_NAMES.filter((kind) => kinds.includes(kind) && decideKind(policy, kind).allowed);
}
