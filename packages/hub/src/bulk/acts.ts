import type { NodeRole } from '#accounts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from '../nodes/index.ts';

/** What is done to all nodes that a selector finds. */
interface Act {
  readonly word: string;
  /** `Add the tag lab to 3 nodes`: around the count. */
  readonly says: (nodes: string, tag: string) => string;
  readonly role: NodeRole;
  /** Whether it takes a tag. */
  readonly tagged: boolean;
  /** Whether the person must have proved to be there. */
  readonly fresh: boolean;
  /** The columns it changes. */
  readonly set: (sql: Sql, by: Doing) => SqlFragment;
  /** Nodes that it would change: the others are left as they are. */
  readonly changes: (sql: Sql, by: Doing) => SqlFragment;
}

export interface Doing {
  readonly tag: string;
  readonly now: Date;
  /** Whether an admin acts: quarantines, and the refusals of admins, are ended by admins alone. */
  readonly admin: boolean;
}

export const MAX_TAGS = 32;

const ACTS = {
  tag: {
    word: 'Add tag',
    says: (nodes, tag) => `Add the tag ${tag} to ${nodes}`,
    role: 'operator',
    tagged: true,
    fresh: false,
    set: (sql, { tag }) => sql`tags = array_append(m.tags, ${tag})`,
    changes: (sql, { tag }) => sql`not ${tag} = any(n.tags) and cardinality(n.tags) < ${MAX_TAGS}`,
  },
  untag: {
    word: 'Remove tag',
    says: (nodes, tag) => `Remove the tag ${tag} from ${nodes}`,
    role: 'operator',
    tagged: true,
    fresh: false,
    set: (sql, { tag }) => sql`tags = array_remove(m.tags, ${tag})`,
    changes: (sql, { tag }) => sql`${tag} = any(n.tags)`,
  },
  refuse: {
    word: 'Refuse',
    says: (nodes) => `Refuse ${nodes}: no session and no pay until they are accepted again`,
    role: 'owner',
    tagged: false,
    fresh: false,
    set: (sql, { now, admin }) =>
      sql`refused_at = ${now}, refused_by_admin = ${admin}, listed_state = 'refused'`,
    changes: (sql) => sql`n.refused_at is null and n.retired_at is null`,
  },
  accept: {
    word: 'Accept',
    says: (nodes) => `Accept ${nodes}: refusals are lifted; an admin's, and quarantines, by an admin`,
    role: 'owner',
    tagged: false,
    fresh: false,
    set: (sql, { admin }) =>
      admin
        ? sql`refused_at = null, refused_by_admin = false, quarantined_at = null, quarantine_reason = null`
        : sql`refused_at = null`,
    changes: (sql, { admin }) =>
      admin
        ? sql`(n.refused_at is not null or n.quarantined_at is not null) and n.retired_at is null`
        : sql`n.refused_at is not null and not n.refused_by_admin and n.retired_at is null`,
  },
  retire: {
    word: 'Retire',
    says: (nodes) => `Retire ${nodes}: they leave the fleet, and come back by joining anew only`,
    role: 'owner',
    tagged: false,
    fresh: true,
    set: (sql, { now }) => sql`retired_at = ${now}, listed_state = 'retired'`,
    changes: (sql) => sql`n.retired_at is null`,
  },
} as const satisfies Readonly<Record<string, Act>>;

export type ActName = keyof typeof ACTS;
export const ACT_NAMES = Object.keys(ACTS) as [ActName, ...ActName[]];

export function actOf(name: ActName): Act {
  return ACTS[name];
}
