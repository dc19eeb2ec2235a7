import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import type { Share, ShareRole, ShareStore } from './share-store.ts';

/** More colleagues than that on one node are an organisation, and its e-mail list is long to read. */
const MAX_SHARES = 50;

/** A node as far as access goes. */
export interface SharedNode {
  readonly nodeId: string;
  readonly label: string;
  /** E-mail. */
  readonly owner: string;
}

export interface SharesDeps {
  readonly store: ShareStore;
  readonly access: Pick<NodeAccess, 'may'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Lets colleagues see or work a node. Whether an e-mail has an account is told to nobody. */
export class Shares {
  readonly #deps: SharesDeps;

  constructor(deps: SharesDeps) {
    this.#deps = deps;
  }

  list(nodeId: string): Promise<Share[]> {
    return this.#deps.store.ofNode(nodeId);
  }

  /** @throws {HttpError} 404 for who doesn't own the node; `confirm_first`, `own_node`, `too_many_shares`. */
  async grant(viewer: Viewer, node: SharedNode, to: { email: string; role: ShareRole }): Promise<void> {
    const { store, access, audit, clock } = this.#deps;
    if (!(await access.may(viewer, node.nodeId, 'owner'))) throw notFound('This node');
    requireFresh(viewer, clock.now());
    if (to.email === node.owner)
      throw new HttpError(409, 'own_node', `${to.email} owns the node already.`, {
        fix: 'Share it with somebody else.',
      });
    const standing = await store.ofNode(node.nodeId);
    if (standing.length >= MAX_SHARES && !standing.some(({ email }) => email === to.email))
      throw new HttpError(409, 'too_many_shares', `The node is shared with ${MAX_SHARES} people already.`, {
        fix: 'Remove those who no longer need it.',
      });
    await audit.append({
      actor: viewer.email,
      act: 'node.share',
      subject: node.nodeId,
      owner: node.owner,
      detail: { with: to.email, role: to.role },
    });
    await store.put(node.nodeId, { ...to, sharedBy: viewer.email, sharedAt: clock.now() });
  }

  /** By the owner, or by the colleague who has had enough. @throws {HttpError} 404; `confirm_first`. */
  async withdraw(viewer: Viewer, node: SharedNode, email: string): Promise<void> {
    const { store, access, audit, clock } = this.#deps;
    const mayWithdraw = email === viewer.email || (await access.may(viewer, node.nodeId, 'owner'));
    const standing = mayWithdraw ? await store.ofNode(node.nodeId) : [];
    if (!standing.some((share) => share.email === email)) throw notFound('This share');
    requireFresh(viewer, clock.now());
    await audit.append({
      actor: viewer.email,
      act: 'node.unshare',
      subject: node.nodeId,
      owner: node.owner,
      detail: { with: email },
    });
    await store.remove(node.nodeId, email);
  }
}
