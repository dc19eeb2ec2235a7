import { nodeCrypto } from '@stoa/protocol/node';
import type { MiddlewareHandler } from 'hono';
import type { NodeAccess } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Liveness, NodeListing } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HubConfig } from '../config.ts';
import { GuardedHttp } from '../guarded-http.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import type { RefreshedByKey } from '../refreshed-by-key.ts';
import type { Task } from '../ticker.ts';
import { ChoiceStore } from './choice-store.ts';
import { Choices } from './choices.ts';
import { PayoutDesk } from './desk.ts';
import { GuardLookup, type GuardLookupDeps } from './guard-lookup.ts';
import { nodePayoutRoutes } from './node-routes.tsx';
import { ProofStore } from './proof-store.ts';
import { PayoutResolver } from './resolver.ts';
import { payoutRoutes } from './routes.tsx';
import { TunnelStore } from './tunnel-store.ts';
import { Tunnels } from './tunnels.ts';
import { countUnpaid, createUnpaidCount, UnpaidMarks } from './unpaid.ts';
import { Verification } from './verification.ts';

/** How the chain is asked whose key guards an account. */
export type GuardSource = Pick<GuardLookupDeps, 'nodes' | 'ouronet' | 'request'>;

export interface PayoutsDeps {
  readonly sql: Sql;
  readonly access: NodeAccess;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly region: string;
  readonly network: string;
  readonly guards: GuardSource;
}

export interface Payouts {
  readonly features: readonly HttpFeature[];
  readonly tasks: readonly Task[];
  readonly desk: PayoutDesk;
  readonly resolver: PayoutResolver;
  /** Nodes that earn nothing for want of an account, by audience. */
  readonly unpaid: RefreshedByKey<number>;
}

/** Where what nodes earn goes: who chose it, who proved it, and the pages on which people do both. */
export function createPayouts(deps: PayoutsDeps): Payouts {
  const { sql, access, audit, clock, random, region, network } = deps;
  const store = new ChoiceStore({ sql, crypto: nodeCrypto, random });
  const proofs = new ProofStore(sql);
  const resolver = new PayoutResolver(sql);
  const guards = new GuardLookup({ ...deps.guards, network, clock });
  const verify = (publicKey: Uint8Array) => nodeCrypto.verifier(publicKey);
  const verification = new Verification({ store: proofs, guards, audit, clock, random, region, verify });
  const choices = new Choices({ store, access, audit, clock });
  const tunnels = new Tunnels({ store: new TunnelStore(sql), access, audit, clock, random });
  const unpaid = createUnpaidCount({ sql, access, clock });
  const desk = new PayoutDesk({
    ...{ sql, clock, store, proofs, resolver, verification, guards, tunnels },
    unpaid: (email) => countUnpaid(deps, email),
  });
  const pages = { ...deps, desk, choices, verification, tunnels };
  return {
    features: [payoutRoutes(pages), nodePayoutRoutes(pages)],
    tasks: [new UnpaidMarks(sql), verification],
    ...{ desk, resolver, unpaid },
  };
}

/** By the hub's settings. Addresses that stand in them were let in by whoever wrote them; names are guarded as any other. */
export function guardSource({
  chainwebUrl,
  chainwebSecondUrl,
  ouronetGuard,
  egressAllow,
}: Pick<HubConfig, 'chainwebUrl' | 'chainwebSecondUrl' | 'ouronetGuard' | 'egressAllow'>): GuardSource {
  const nodes = [chainwebUrl, chainwebSecondUrl].filter((url) => url !== undefined);
  const named = new Set(
    nodes.map(({ hostname }) => (hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, ''))),
  );
  const http = new GuardedHttp({
    allowed: { allows: (address) => named.has(address) || egressAllow.allows(address) },
  });
  return { nodes, ouronet: ouronetGuard, request: (url, asked) => http.request(url, asked) };
}
