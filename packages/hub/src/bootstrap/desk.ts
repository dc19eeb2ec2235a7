import { randomUUID } from 'node:crypto';
import { formatParams, type ParamValues, ProtocolError } from '@stoa/protocol';
import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { JobQueue } from '#seams/job-queue/index.ts';
import {
  type HostKey,
  placeOf,
  SshError,
  type SshLogin,
  type SshPool,
  type SshTarget,
} from '#seams/ssh-pool/index.ts';
import type { SecretStore } from '#vault/index.ts';
import type { Clock } from '../clock.ts';
import { EgressRefusedError } from '../egress-resolver.ts';
import type { HubError } from '../error.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { HubWork } from '../jobs/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import type { AccessStore } from './access-store.ts';
import { type SshKindName, sshKindOf } from './kinds.ts';
import { secretNames } from './ssh-job.ts';

export interface ShownHost {
  readonly place: string;
  readonly key: HostKey;
  /** Fingerprint that was accepted before, of this key or of another; undefined for a host that is new here. */
  readonly pinned: string | undefined;
}

export interface BootstrapRequest extends SshTarget {
  readonly label: string;
  readonly tags?: readonly string[];
  /** Whose node it becomes. */
  readonly owner: string;
  /** Used until our key works, then forgotten. */
  readonly login: SshLogin;
  /** The fingerprint that was shown and accepted. */
  readonly fingerprint: string;
}

export interface BootstrapDeskDeps {
  readonly sql: Sql;
  readonly queue: JobQueue;
  readonly work: HubWork;
  readonly vault: SecretStore;
  readonly access: AccessStore;
  readonly nodeAccess: NodeAccess;
  readonly pool: Pick<SshPool, 'hostKey'>;
  readonly audit: AuditLog;
  readonly clock: Pick<Clock, 'now'>;
}

/** Where people ask for work over SSH. Bootstrapping is for admins; on a node, its owner may ask for the rest. */
export class BootstrapDesk {
  readonly #by: BootstrapDeskDeps;

  constructor(by: BootstrapDeskDeps) {
    this.#by = by;
  }

  /** The key that a host shows, before anything is sent to it. @throws SshError, EgressRefusedError. */
  async look(viewer: Viewer, target: SshTarget): Promise<ShownHost> {
    requireAdmin(viewer, this.#by.clock.now());
    const place = placeOf(target);
    const key = await this.#by.pool.hostKey(target, {
      ...{ actor: viewer.email, reason: 'look at the host key', subject: place },
    });
    return { place, key, pinned: await this.#by.access.pinned(place) };
  }

  /** @returns the job's id. @throws HttpError `host_key_changed` where the host shows another key than was accepted. */
  async bootstrap(viewer: Viewer, request: BootstrapRequest): Promise<string> {
    const { host, port, user, label, tags = [], owner, login, fingerprint } = request;
    const shown = await this.look(viewer, request);
    if (shown.key.fingerprint !== fingerprint)
      throw new HttpError(
        409,
        'host_key_changed',
        `${shown.place} shows the key ${shown.key.fingerprint} by now, not the one that you accepted.`,
        {
          fix: 'Compare it with ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the host, and accept it again.',
        },
      );
    await this.#by.access.accept(shown.place, shown.key, { actor: viewer.email });
    const detail = { fingerprint, before: shown.pinned };
    await this.#by.audit.append({
      actor: viewer.email,
      act: 'ssh.accept-host-key',
      subject: shown.place,
      detail,
    });
    const params = canonical('bootstrap', { host, port, user, label, tags: tags.join(' ') });
    return await this.#submit(viewer, { kind: 'bootstrap', nodeId: shown.place, owner, params, login });
  }

  /** Any other kind, on a node. @param by.login one-time, where our own key is not taken any more. */
  async submit(
    viewer: Viewer,
    by: { kind: Exclude<SshKindName, 'bootstrap'>; nodeId: string; params: ParamValues; login?: SshLogin },
  ): Promise<string> {
    const { nodeId, kind, login } = by;
    if (!(await this.#by.nodeAccess.may(viewer, nodeId, 'owner'))) throw notFound(`Node ${nodeId}`);
    requireFresh(viewer, this.#by.clock.now());
    const [row] = await this.#by.sql<{ owner: string }[]>`select owner from nodes where node_id = ${nodeId}`;
    if (row === undefined) throw notFound(`Node ${nodeId}`);
    const params = canonical(kind, by.params);
    return await this.#submit(viewer, { kind, nodeId, owner: row.owner, params, login });
  }

  async #submit(
    viewer: Viewer,
    job: { kind: SshKindName; nodeId: string; owner: string; params: string; login: SshLogin | undefined },
  ): Promise<string> {
    const { sql, work, vault, queue, audit } = this.#by;
    const { kind, nodeId, owner, params } = job;
    const jobId = randomUUID();
    await sql.begin(async (tx) => {
      await work.submit(tx, {
        ...{ jobId, kind, nodeId, owner, params, createdBy: viewer.email, class: sshKindOf(kind).class },
      });
      if (job.login !== undefined) await vault.seal(secretNames.login(jobId), JSON.stringify(job.login), tx);
      await queue.enqueue([{ id: jobId, kind, lock: nodeId }], tx);
      const detail = { kind, job: jobId };
      await audit.appendIn(tx, { actor: viewer.email, act: 'ssh.submit', subject: nodeId, owner, detail });
    });
    return jobId;
  }
}

/** What is this host's alone to answer for, or was refused for it: another of a list may be fine. */
export function isOfHost(error: unknown): error is HubError {
  return error instanceof SshError || error instanceof EgressRefusedError || error instanceof HttpError;
}

function requireAdmin(viewer: Viewer, now: number): void {
  if (!isAtLeast(viewer, 'ancient')) throw notFound('This page');
  requireFresh(viewer, now);
}

function canonical(kind: SshKindName, params: ParamValues): string {
  try {
    return formatParams(sshKindOf(kind).parameters, params);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new HttpError(400, 'bad_params', `${kind}: ${cause.message}.`, {
      fix: `It takes ${Object.keys(sshKindOf(kind).parameters).join(', ') || 'no parameters'}.`,
      cause,
    });
  }
}
