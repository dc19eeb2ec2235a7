import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { HostKey, HostKeyStore, SshTarget } from '#seams/ssh-pool/index.ts';
import type { Clock } from '../clock.ts';
import { BootstrapError } from './error.ts';

export interface SeatedKey {
  readonly id: string;
  /** As it stands in authorized_keys. */
  readonly line: string;
}

export interface PinnedKey extends HostKey {
  readonly pinnedBy: string;
  readonly pinnedAt: number;
}

export interface SshAccess extends SshTarget {
  readonly nodeId: string | undefined;
  readonly key: SeatedKey | undefined;
  readonly next: SeatedKey | undefined;
  readonly old: SeatedKey | undefined;
  readonly seatJob: string | undefined;
}

interface AccessRow {
  host: string;
  port: number;
  login: string;
  node_id: string | null;
  key_id: string | null;
  key_line: string | null;
  next_id: string | null;
  next_line: string | null;
  old_id: string | null;
  old_line: string | null;
  seat_job: string | null;
}

/** How we sign in to hosts, and which keys they showed. */
export class AccessStore implements HostKeyStore {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async pinned(place: string): Promise<string | undefined> {
    const [row] = await this.#sql<{ fingerprint: string }[]>`
      select fingerprint from ssh_host_keys where place = ${place}`;
    return row?.fingerprint;
  }

  /** The key of a host with who accepted it, and when (milliseconds since 1970). */
  async pinnedKey(place: string): Promise<PinnedKey | undefined> {
    const [row] = await this.#sql<
      { type: string; fingerprint: string; pinned_by: string; pinned_at: Date }[]
    >`
      select type, fingerprint, pinned_by, pinned_at from ssh_host_keys where place = ${place}`;
    if (row === undefined) return undefined;
    const { type, fingerprint, pinned_by: pinnedBy, pinned_at: pinnedAt } = row;
    return { type, fingerprint, pinnedBy, pinnedAt: pinnedAt.getTime() };
  }

  async pin(place: string, key: HostKey, { actor }: { actor: string }): Promise<string> {
    await this.#sql`insert into ssh_host_keys (place, type, fingerprint, pinned_by, pinned_at)
      values (${place}, ${key.type}, ${key.fingerprint}, ${actor}, ${new Date(this.#clock.now())}) on conflict do nothing`;
    return (await this.pinned(place)) ?? key.fingerprint;
  }

  /** A person looked at it: whatever was pinned before. */
  async accept(place: string, key: HostKey, { actor }: { actor: string }): Promise<void> {
    await this.#sql`insert into ssh_host_keys (place, type, fingerprint, pinned_by, pinned_at)
      values (${place}, ${key.type}, ${key.fingerprint}, ${actor}, ${new Date(this.#clock.now())})
      on conflict (place) do update set type = excluded.type, fingerprint = excluded.fingerprint,
        pinned_by = excluded.pinned_by, pinned_at = excluded.pinned_at`;
  }

  /** Made where there is none. */
  async ensure({ host, port, user }: SshTarget): Promise<SshAccess> {
    await this.#sql`insert into ssh_access (host, port, login, created_at)
      values (${host}, ${port}, ${user}, ${new Date(this.#clock.now())}) on conflict do nothing`;
    const [row] = await this.#sql<AccessRow[]>`
      select * from ssh_access where host = ${host} and port = ${port} and login = ${user}`;
    return toAccess(row!);
  }

  /** The newest of a node. */
  async ofNode(nodeId: string): Promise<SshAccess | undefined> {
    const [row] = await this.#sql<AccessRow[]>`
      select * from ssh_access where node_id = ${nodeId} and key_id is not null order by created_at desc limit 1`;
    return row && toAccess(row);
  }

  async becomes({ host, port, user }: SshTarget, nodeId: string): Promise<void> {
    await this.#sql`update ssh_access set node_id = ${nodeId}
      where host = ${host} and port = ${port} and login = ${user}`;
  }

  /**
   * @param seen as it was when it was decided that another key is wanted.
   * @param by.seal puts the private half into the vault: both are there, or neither.
   * @throws BootstrapError `seated_elsewhere`.
   */
  async setNext(
    seen: SshAccess,
    next: SeatedKey,
    by: { jobId: string; seal: (tx: TransactionSql) => Promise<void> },
  ): Promise<void> {
    const { host, port, user } = seen;
    await this.#sql.begin(async (tx) => {
      await by.seal(tx);
      const { count } =
        await tx`update ssh_access set next_id = ${next.id}, next_line = ${next.line}, seat_job = ${by.jobId}
        where host = ${host} and port = ${port} and login = ${user}
          and next_id is not distinct from ${seen.next?.id ?? null}
          and key_id is not distinct from ${seen.key?.id ?? null}`;
      if (count === 0) throw seatedElsewhere(seen);
    });
  }

  /**
   * The new key works: it is the one from now on, and the one before is to go.
   * @param seen as it was when `next` was tried. @throws BootstrapError `seated_elsewhere`.
   */
  async switch(seen: SshAccess): Promise<void> {
    const { host, port, user, key, next } = seen;
    const { count } = await this
      .#sql`update ssh_access set old_id = key_id, old_line = key_line, key_id = next_id, key_line = next_line,
        next_id = null, next_line = null
      where host = ${host} and port = ${port} and login = ${user} and next_id = ${next?.id ?? null}
        and key_id is not distinct from ${key?.id ?? null}`;
    if (count === 0) throw seatedElsewhere(seen);
  }

  /** @param seen as it was when `old` was taken away from the host. */
  async forgetOld({ host, port, user, old }: SshAccess): Promise<void> {
    await this.#sql`update ssh_access set old_id = null, old_line = null
      where host = ${host} and port = ${port} and login = ${user} and old_id = ${old?.id ?? null}`;
  }
}

/** An attempt that lost its lease goes on until its next step: by then another may have seated a key. */
function seatedElsewhere({ user, host, port }: SshTarget): BootstrapError {
  return new BootstrapError(
    'seated_elsewhere',
    `the key of ${user}@${host}:${port} was changed by another attempt meanwhile: it goes on from there`,
    { retry: true },
  );
}

function toAccess(row: AccessRow): SshAccess {
  const { host, port, login: user } = row;
  return {
    ...{ host, port, user },
    nodeId: row.node_id ?? undefined,
    key: keyOf(row.key_id, row.key_line),
    next: keyOf(row.next_id, row.next_line),
    old: keyOf(row.old_id, row.old_line),
    seatJob: row.seat_job ?? undefined,
  };
}

function keyOf(id: string | null, line: string | null): SeatedKey | undefined {
  return id === null || line === null ? undefined : { id, line };
}
