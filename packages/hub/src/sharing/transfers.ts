import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { Act, AuditLog } from '#audit/index.ts';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Mail } from '#seams/mailer/index.ts';
import type { Clock } from '../clock.ts';
import { absolute } from '../console/format.ts';
import { HttpError, notFound } from '../http-error.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Task } from '../ticker.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import type { SharedNode } from './shares.ts';
import type { Transfer, TransferStore } from './transfer-store.ts';

const HOUR_MS = 3_600_000;
const OFFER_MS = 7 * 24 * HOUR_MS;

export interface OwnerChange {
  readonly nodeIds: readonly string[];
  readonly fromOwner: string;
  readonly toOwner: string;
  /** Milliseconds since 1970, at a full hour. */
  readonly effectiveAt: number;
}

export interface TransfersDeps {
  readonly store: TransferStore;
  readonly access: Pick<NodeAccess, 'may'>;
  readonly audit: Pick<AuditLog, 'append' | 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
  /** Sends it or says in the log why not; nobody waits for it. */
  readonly tell: (mail: Pick<Mail, 'to' | 'subject' | 'text'>) => void;
  /** Told in the transaction that moves them: who earns by a node is who owned it in that hour. */
  readonly moved: (tx: TransactionSql, moved: OwnerChange) => Promise<void>;
  /** Of the console. */
  readonly origin: string;
}

/**
 * A change of owner: offered by the owner, accepted by the receiver, in force from the next full hour on, so that an hour
 * is earned by one owner. Until then either side can call it off.
 */
export class Transfers implements Task {
  readonly name = 'node-transfers';
  readonly periodMs = 15_000;
  readonly #deps: TransfersDeps;
  readonly #mails: RateLimit;

  constructor(deps: TransfersDeps) {
    this.#deps = deps;
    this.#mails = new RateLimit({ clock: deps.clock, perKey: 3, inAll: 120 });
  }

  of(viewer: Viewer): Promise<Transfer[]> {
    return this.#deps.store.ofAccount(viewer.email);
  }

  openFor(node: SharedNode): Promise<Transfer | undefined> {
    return this.#deps.store.openFor(node.nodeId, node.owner);
  }

  owned(viewer: Viewer): Promise<number> {
    return this.#deps.store.owned(viewer.email);
  }

  /** @throws {HttpError} 404 for who doesn't own the node; `confirm_first`, `own_node`, `transfer_open`. */
  async offerNode(viewer: Viewer, node: SharedNode, toOwner: string): Promise<void> {
    const { access } = this.#deps;
    if (!(await access.may(viewer, node.nodeId, 'owner'))) throw notFound('This node');
    await this.#offer(viewer, { nodeId: node.nodeId, fromOwner: node.owner, toOwner });
  }

  /** All nodes of the viewer's own account. @throws {HttpError} `confirm_first`, `own_node`, `transfer_open`. */
  async offerAll(viewer: Viewer, toOwner: string): Promise<void> {
    await this.#offer(viewer, { nodeId: undefined, fromOwner: viewer.email, toOwner });
  }

  /** @throws {HttpError} 404 for who isn't the receiver; `confirm_first`, `transfer_closed`. @returns when it is in force. */
  async accept(viewer: Viewer, transferId: string): Promise<number> {
    const { store, clock } = this.#deps;
    const transfer = await store.find(transferId);
    if (transfer === undefined || transfer.toOwner !== viewer.email) throw notFound('This transfer');
    const now = clock.now();
    requireFresh(viewer, now);
    const effectiveAt = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
    await this.#record(viewer.email, 'transfer.accept', transfer, {
      effectiveAt: new Date(effectiveAt).toISOString(),
    });
    if (!(await store.accept(transferId, { now, effectiveAt }))) throw closed();
    this.#tell(transfer.fromOwner, `${transfer.toOwner} accepted what you offered`, [
      `It changes hands at ${absolute(effectiveAt)}. Until then you can call it off:`,
    ]);
    return effectiveAt;
  }

  /** By the receiver it is declined, by the giver or an Ancient Admin cancelled; also after it was accepted. */
  async end(viewer: Viewer, transferId: string): Promise<void> {
    const { store, clock } = this.#deps;
    const transfer = await store.find(transferId);
    const isReceiver = transfer?.toOwner === viewer.email;
    const isGiver = transfer?.fromOwner === viewer.email || isAtLeast(viewer, 'ancient');
    if (transfer === undefined || !(isReceiver || isGiver)) throw notFound('This transfer');
    requireFresh(viewer, clock.now());
    const outcome = isReceiver ? 'declined' : 'cancelled';
    await this.#record(viewer.email, isReceiver ? 'transfer.decline' : 'transfer.cancel', transfer);
    if (!(await store.end(transferId, outcome, clock.now()))) throw closed();
  }

  /** Moves what is due and ends offers that nobody took. */
  async tick(): Promise<void> {
    const { store, audit, clock, moved: tellMoved } = this.#deps;
    await store.expire(clock.now());
    for (const transfer of await store.due(clock.now()))
      await store.apply(transfer, clock.now(), async (tx, moved) => {
        const { fromOwner, toOwner, effectiveAt = clock.now() } = transfer;
        await tellMoved(tx, { nodeIds: moved, fromOwner, toOwner, effectiveAt });
        for (const act of actsOf('hub', 'transfer.apply', transfer, { nodes: moved.length }))
          await audit.appendIn(tx, act);
      });
  }

  async #offer(
    viewer: Viewer,
    { nodeId, fromOwner, toOwner }: { nodeId: string | undefined; fromOwner: string; toOwner: string },
  ): Promise<void> {
    const { store, audit, clock, random } = this.#deps;
    const now = clock.now();
    requireFresh(viewer, now);
    if (toOwner === fromOwner)
      throw new HttpError(409, 'own_node', `${toOwner} owns it already.`, { fix: 'Name another account.' });
    const transferId = Buffer.from(random(16)).toString('hex');
    await audit.append({
      actor: viewer.email,
      act: 'transfer.offer',
      subject: nodeId ?? fromOwner,
      owner: fromOwner,
      detail: { transferId, to: toOwner, all: nodeId === undefined },
    });
    const offer = { transferId, nodeId, fromOwner, toOwner, offeredBy: viewer.email };
    if (!(await store.offer({ ...offer, offeredAt: now, expiresAt: now + OFFER_MS })))
      throw new HttpError(409, 'transfer_open', 'There is an open offer already.', {
        fix: 'Cancel it under Transfers first.',
      });
    this.#tell(toOwner, `${fromOwner} offers you ${nodeId === undefined ? 'all their nodes' : 'a node'}`, [
      'Look at it, and accept or decline it, within seven days:',
    ]);
  }

  /** To one address so many a minute: an offer is no way to flood a stranger. */
  #tell(to: string, subject: string, lines: readonly string[]): void {
    const { tell, origin } = this.#deps;
    if (this.#mails.admit(to)) tell({ to, subject, text: [...lines, `${origin}/transfers`, ''].join('\n') });
  }

  async #record(...told: Parameters<typeof actsOf>): Promise<void> {
    for (const act of actsOf(...told)) await this.#deps.audit.append(act);
  }
}

/** Both sides may read it: the giver's nodes, and the receiver's account. */
function actsOf(actor: string, act: string, transfer: Transfer, detail: Record<string, unknown> = {}): Act[] {
  const { transferId, node, fromOwner, toOwner } = transfer;
  const told = { transferId, from: fromOwner, to: toOwner, all: node === undefined, ...detail };
  return [fromOwner, toOwner].map((owner) => ({
    actor,
    act,
    subject: node?.nodeId ?? fromOwner,
    owner,
    detail: told,
  }));
}

function closed(): HttpError {
  return new HttpError(409, 'transfer_closed', 'The offer has been taken, has ended or was taken back.', {
    fix: 'Look under Transfers where it stands.',
  });
}
