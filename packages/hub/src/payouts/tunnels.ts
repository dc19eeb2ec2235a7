import { FEE_WHOLE } from '@stoa/protocol/stoicism';
import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { nextHour } from '../hub-hour.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import type { PaidNode } from './choices.ts';
import type { Tunnel, TunnelStore } from './tunnel-store.ts';

export interface TunnelsDeps {
  readonly store: TunnelStore;
  readonly access: Pick<NodeAccess, 'may'>;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
}

/** Per-mille with one decimal, as typed: `2.5`. @returns tenths of a per-mille; undefined for anything else. */
export function parsePermille(text: string): number | undefined {
  const found = /^(\d{1,4})(?:[.,](\d))?$/.exec(text.trim());
  if (found === null) return undefined;
  const permille1 = Number(found[1]) * 10 + Number(found[2] ?? 0);
  return permille1 >= 1 && permille1 <= FEE_WHOLE ? permille1 : undefined;
}

export function formatPermille(permille1: number): string {
  return `${(permille1 / 10).toFixed(1)} ‰`;
}

/**
 * The Tunneler fee: the owner of a node offers a share of what it earns to who lends it a way in, who agrees. It holds
 * from the next full hour on, until either ends it, or the node changes hands.
 */
export class Tunnels {
  readonly #deps: TunnelsDeps;

  constructor(deps: TunnelsDeps) {
    this.#deps = deps;
  }

  ofPerson(viewer: Viewer): Promise<Tunnel[]> {
    return this.#deps.store.ofPerson(viewer.email);
  }

  openFor(nodeId: string): Promise<Tunnel | undefined> {
    return this.#deps.store.openFor(nodeId);
  }

  /** @throws {HttpError} 404 for who doesn't own the node; `confirm_first`, `own_tunnel`, `tunnel_open`. */
  async offer(viewer: Viewer, node: PaidNode, to: { email: string; permille1: number }): Promise<void> {
    const { store, access, clock, random } = this.#deps;
    if (!(await access.may(viewer, node.nodeId, 'owner'))) throw notFound('This node');
    const now = clock.now();
    requireFresh(viewer, now);
    if (to.email === node.owner)
      throw new HttpError(409, 'own_tunnel', `${to.email} owns the node: a fee would go from them to them.`, {
        fix: 'Name the account of who runs the tunnel.',
      });
    const tunnelId = Buffer.from(random(16)).toString('hex');
    const { email: tunnelOwner, permille1 } = to;
    const offer = {
      tunnelId,
      nodeId: node.nodeId,
      nodeOwner: node.owner,
      tunnelOwner,
      permille1,
      offeredAt: now,
    };
    if (!(await store.offer(offer, this.#record(viewer, 'payout.tunnel.offer', offer))))
      throw new HttpError(409, 'tunnel_open', 'The node has a tunnel, or an offer of one.', {
        fix: 'End that one first.',
      });
  }

  /** By the tunnel's owner. @throws {HttpError} 404 for others; `confirm_first`, `tunnel_ended`. */
  async agree(viewer: Viewer, tunnelId: string): Promise<void> {
    const { store, clock } = this.#deps;
    const tunnel = await store.find(tunnelId);
    if (tunnel === undefined || tunnel.tunnelOwner !== viewer.email) throw notFound('This tunnel');
    const now = clock.now();
    requireFresh(viewer, now);
    const record = this.#record(viewer, 'payout.tunnel.agree', tunnel);
    if (!(await store.agree(tunnel, { at: now, fromHour: nextHour(now) }, record))) throw ended();
  }

  /** By either owner, or an Ancient Admin; an offer is taken back or declined the same way. */
  async end(viewer: Viewer, tunnelId: string): Promise<void> {
    const { store, clock } = this.#deps;
    const tunnel = await store.find(tunnelId);
    const isParty = tunnel?.tunnelOwner === viewer.email || tunnel?.nodeOwner === viewer.email;
    if (tunnel === undefined || !(isParty || isAtLeast(viewer, 'ancient'))) throw notFound('This tunnel');
    const now = clock.now();
    requireFresh(viewer, now);
    const record = this.#record(viewer, 'payout.tunnel.end', tunnel);
    const end = { at: now, by: viewer.email, untilHour: nextHour(now) };
    if (!(await store.end(tunnel, end, record))) throw ended();
  }

  /** Both sides may read it. */
  #record(
    viewer: Viewer,
    act: string,
    {
      tunnelId,
      nodeId,
      nodeOwner,
      tunnelOwner,
      permille1,
    }: Pick<Tunnel, 'tunnelId' | 'nodeId' | 'nodeOwner' | 'tunnelOwner' | 'permille1'>,
  ): (tx: TransactionSql) => Promise<void> {
    const detail = { tunnelId, nodeOwner, tunnelOwner, permille: permille1 / 10 };
    return async (tx) => {
      for (const owner of [nodeOwner, tunnelOwner])
        await this.#deps.audit.appendIn(tx, { actor: viewer.email, act, subject: nodeId, owner, detail });
    };
  }
}

function ended(): HttpError {
  return new HttpError(409, 'tunnel_ended', 'It was agreed or ended meanwhile.', {
    fix: 'Look where it stands.',
  });
}
