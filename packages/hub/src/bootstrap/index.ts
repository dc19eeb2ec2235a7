import { NodeAccess } from '#accounts/index.ts';
import { AuditLog } from '#audit/index.ts';
import type { JoinTokens, NodeRegistry } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { JobQueue } from '#seams/job-queue/index.ts';
import type { ProbeCache } from '#seams/probe-cache/index.ts';
import { REAP_MS, Ssh2Pool } from '#seams/ssh-pool/index.ts';
import { SecretStore, type Vault } from '#vault/index.ts';
import type { Clock } from '../clock.ts';
import type { AllowedAddresses } from '../egress-addresses.ts';
import { EgressResolver } from '../egress-resolver.ts';
import { HubWork } from '../jobs/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { AccessStore } from './access-store.ts';
import { AGENT_PATIENCE } from './agent-setup.ts';
import { Agentless } from './agentless.ts';
import { BootstrapDesk } from './desk.ts';
import { ROLL_BACK_S } from './firewall.ts';
import { SSH_CAPS } from './kinds.ts';
import { SpentSecrets } from './spent-secrets-store.ts';
import type { AgentPatience, SshHandler } from './ssh-job.ts';
import { SshWorker } from './ssh-worker.ts';
import { TipPoller } from './tip-poller.ts';

export { AccessStore } from './access-store.ts';
export { Agentless, LONGEST_MARK_MS } from './agentless.ts';
export { BootstrapDesk, type BootstrapRequest, isOfHost, type ShownHost } from './desk.ts';
export { BootstrapError } from './error.ts';
export { SSH_HANDLERS } from './handlers.ts';
export { type HostLine, parseHostList } from './host-list.ts';
export { isSshKind, SSH_KINDS, type SshKind, type SshKindName, sshKindOf } from './kinds.ts';
export { type BootstrapPagesDeps, bootstrapPages } from './pages/index.ts';
export { sshChannel } from './ssh-channel.ts';
export type { SshHandler } from './ssh-job.ts';

/** How a process takes hub-run work: caps by kind, and attempts as the jobs table counts them. */
export const SSH_QUEUE_POLICY = { caps: SSH_CAPS, leaseSeconds: 60, attempts: 10, pauseSeconds: 10 } as const;

export interface BootstrapDeps {
  readonly sql: Sql;
  /** By `SSH_QUEUE_POLICY`. */
  readonly queue: JobQueue;
  /** Of this process; a worker's is not the hub's. */
  readonly instance: string;
  readonly generation: number;
  readonly logDirectory: string;
  readonly egressAllow: AllowedAddresses;
  readonly tokens: JoinTokens;
  readonly registry: Pick<NodeRegistry, 'ownerOf'>;
  readonly installer: { readonly script: string };
  readonly cache: ProbeCache;
  /** Name of the chainweb network. */
  readonly network: string;
  /** Told of an agentless node whose tips were polled just now. */
  readonly onPolled?: (nodeId: string) => void;
  readonly vault: Vault;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  /** New connections to one place. */
  readonly dialsAMinute?: number;
  readonly patience?: AgentPatience;
  readonly handlers?: Readonly<Record<string, SshHandler>>;
}

export interface Bootstrap {
  readonly desk: BootstrapDesk;
  readonly agentless: Agentless;
  readonly access: AccessStore;
  readonly vault: SecretStore;
  /** Where polled tips are. */
  readonly cache: ProbeCache;
  readonly worker: SshWorker;
  /** Of the process that runs the worker. */
  readonly workerTasks: readonly Task[];
  /** Of one process of the region. */
  readonly leaderTasks: readonly Task[];
  close(): Promise<void>;
}

/** SSH, for bare hosts, for recovery, and for nodes marked agentless: never for routine work on a node that has an agent. */
export function createBootstrap(deps: BootstrapDeps): Bootstrap {
  const { sql, clock, log, queue } = deps;
  const audit = new AuditLog({ sql, clock });
  const nodeAccess = new NodeAccess({ sql });
  const access = new AccessStore({ sql, clock });
  const vault = new SecretStore({ sql, clock, vault: deps.vault });
  const agentless = new Agentless({ sql, clock, audit, access: nodeAccess });
  const pool = new Ssh2Pool({
    resolver: new EgressResolver({ allowed: deps.egressAllow }),
    clock,
    hostKeys: access,
    record: (use, target) => agentless.record(use, target),
    ...(deps.dialsAMinute !== undefined && { dialsAMinute: deps.dialsAMinute }),
  });
  const work = new HubWork(deps);
  const kit = {
    ...{ ...deps, pool, vault, access, audit },
    patience: deps.patience ?? AGENT_PATIENCE,
    rollBackSeconds: ROLL_BACK_S,
  };
  const worker = new SshWorker({
    ...{ queue, leaseSeconds: SSH_QUEUE_POLICY.leaseSeconds, work, kit, clock, log },
    spent: new SpentSecrets(sql),
    ...(deps.handlers && { handlers: deps.handlers }),
  });
  return {
    desk: new BootstrapDesk({ sql, queue, work, vault, access, nodeAccess, pool, audit, clock }),
    ...{ agentless, access, vault, cache: deps.cache, worker },
    workerTasks: [worker.sweep, { name: 'ssh-reaper', periodMs: REAP_MS, tick: () => pool.reap() }],
    leaderTasks: [new TipPoller({ ...deps, agentless, pool, vault })],
    async close() {
      await worker.close();
      await pool.close();
    },
  };
}
