import type { CryptoSuite, Random } from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { NodeRegistry } from '../nodes/index.ts';
import { OwnerKeyStore } from '../owner-keys/index.ts';
import type { Task } from '../ticker.ts';
import { TreeCache } from '../tree-cache.ts';
import { AdminKeyRenewal } from './admin-key-renewal.ts';
import { AdminKeyStore } from './admin-key-store.ts';
import { OrderRetention } from './order-retention.ts';
import { Orders } from './orders.ts';
import { Signers } from './signers.ts';
import { OrderStore } from './store.ts';

/** Orders over one database. */
export function createOrders(by: {
  sql: Sql;
  region: string;
  clock: Clock;
  random: Random;
  crypto: CryptoSuite;
}): Orders {
  const { sql } = by;
  const registry = new NodeRegistry(by);
  const signers = new Signers({
    ownerKeys: new OwnerKeyStore(sql),
    adminKeys: new AdminKeyStore(sql),
    ownersOf: (nodeIds) => registry.ownersOf(nodeIds),
  });
  const store = new OrderStore(sql);
  return new Orders({
    ...{ ...by, store, signers, audit: new AuditLog(by), trees: new TreeCache() },
    ownedBy: (owner, nodeIds) => registry.ownedBy(owner, nodeIds),
  });
}

/** What orders take on a period: certificates of admins' keys, and room. */
export function orderTasks(by: {
  sql: Sql;
  signer: Pick<SignerClient, 'status' | 'adminKey'>;
  clock: Pick<Clock, 'now'>;
}): readonly Task[] {
  const { sql, clock } = by;
  return [
    new AdminKeyRenewal({ ...by, store: new AdminKeyStore(sql) }),
    new OrderRetention({ clock, store: new OrderStore(sql) }),
  ];
}
