import type { NodeAccess } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import { createBadgeToken } from './badge-token.ts';
import type { PulseStore } from './store.ts';

interface OwnedNode {
  readonly nodeId: string;
  readonly owner: string;
}

/** What owners let strangers see of a node. */
export class NodePublicity {
  readonly #by: {
    readonly store: PulseStore;
    readonly access: NodeAccess;
    readonly audit: AuditLog;
    readonly clock: Pick<Clock, 'now'>;
    readonly random: (bytes: number) => Uint8Array;
  };

  constructor(by: {
    store: PulseStore;
    access: NodeAccess;
    audit: AuditLog;
    clock: Pick<Clock, 'now'>;
    random: (bytes: number) => Uint8Array;
  }) {
    this.#by = by;
  }

  async list(viewer: Viewer, node: OwnedNode, listed: boolean): Promise<void> {
    const { store, clock } = this.#by;
    await this.#record(viewer, node, listed ? 'node.list' : 'node.unlist');
    await store.setListed(node.nodeId, { listed, by: viewer.email, now: clock.now() });
  }

  /** The badge has a new address from now on. @returns the token, which is told this once. */
  async renewToken(viewer: Viewer, node: OwnedNode): Promise<string> {
    const { store, clock, random } = this.#by;
    await this.#record(viewer, node, 'badge.renew');
    const { text, hash } = createBadgeToken(random);
    await store.setBadgeHash(node.nodeId, { hash, by: viewer.email, now: clock.now() });
    return text;
  }

  async endToken(viewer: Viewer, node: OwnedNode): Promise<void> {
    const { store, clock } = this.#by;
    await this.#record(viewer, node, 'badge.end');
    await store.setBadgeHash(node.nodeId, { hash: undefined, by: viewer.email, now: clock.now() });
  }

  async #record(viewer: Viewer, { nodeId, owner }: OwnedNode, act: string): Promise<void> {
    if (!(await this.#by.access.may(viewer, nodeId, 'owner'))) throw notFound('This node');
    await this.#by.audit.append({ actor: viewer.email, act, subject: nodeId, owner });
  }
}
