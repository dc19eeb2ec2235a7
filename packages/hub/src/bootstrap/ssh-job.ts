import type { ParamValues } from '@stoa/protocol';
import type { AuditLog } from '#audit/index.ts';
import type { JoinTokens, NodeRegistry } from '#nodes/index.ts';
import type { SshPool } from '#seams/ssh-pool/index.ts';
import type { SecretStore } from '#vault/index.ts';
import type { HubJob } from '../jobs/index.ts';
import type { AccessStore } from './access-store.ts';

/** How often an agent is asked who it is, once a second, before it counts as dead. */
export interface AgentPatience {
  /** One that install.sh has just started, perhaps for the first time. */
  readonly afterStart: number;
  readonly afterRestart: number;
  /** One that should run. */
  readonly atRest: number;
}

/** What the kinds of SSH work need of the hub. */
export interface SshKit {
  readonly pool: SshPool;
  readonly vault: SecretStore;
  readonly access: AccessStore;
  readonly audit: Pick<AuditLog, 'nameAlso'>;
  readonly tokens: JoinTokens;
  readonly registry: Pick<NodeRegistry, 'ownerOf'>;
  /** `install.sh` of this hub. */
  readonly installer: { readonly script: string };
  readonly patience: AgentPatience;
  /** How long firewall rules stay in force without our word that we still get in. */
  readonly rollBackSeconds: number;
  readonly random: (bytes: number) => Uint8Array;
}

/** A job under way. */
export interface SshJob {
  readonly row: HubJob;
  readonly params: ParamValues;
  readonly signal: AbortSignal;
  /** A line for the job's log. */
  say(line: string): void;
  /** Where it is, for the checklist. @throws where the lease is lost or somebody cancelled it. */
  step(name: string, progress: number): Promise<void>;
  /** From now on it is about this node. */
  become(nodeId: string): Promise<void>;
}

export type SshHandler = (job: SshJob, kit: SshKit) => Promise<Readonly<Record<string, unknown>>>;

/** Names in the vault. */
export const secretNames = {
  key: (id: string) => `ssh-key/${id}`,
  /** The one-time password or key that a job was given. */
  login: (jobId: string) => `ssh-login/${jobId}`,
  token: (jobId: string) => `join-token/${jobId}`,
};
