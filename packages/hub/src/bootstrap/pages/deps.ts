import type { MiddlewareHandler } from 'hono';
import type { NodeAccess } from '#accounts/index.ts';
import type { AuditStore } from '#audit/index.ts';
import type { Liveness, NodeListing, NodeReader } from '#nodes/index.ts';
import type { SecretStore, Vault } from '#vault/index.ts';
import type { Clock } from '../../clock.ts';
import type { HttpEnv } from '../../http.ts';
import type { AccessStore } from '../access-store.ts';
import type { Agentless } from '../agentless.ts';
import type { BootstrapDesk } from '../desk.ts';

export interface BootstrapPagesDeps {
  readonly desk: BootstrapDesk;
  readonly agentless: Agentless;
  readonly access: AccessStore;
  readonly secrets: SecretStore;
  readonly vault: Vault;
  readonly auditStore: AuditStore;
  readonly nodeAccess: NodeAccess;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly reader: Pick<NodeReader, 'tips'>;
  readonly liveness: Liveness;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly clock: Pick<Clock, 'now'>;
}
