import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  adminKeyKind,
  type CarriedOrder,
  formatParams,
  type Job,
  type JobMessage,
  jobKind,
  type KindName,
  kindOf,
  orderKind,
  type ParamValues,
  rootFromProof,
  type SigningKey,
  seal,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { onTestFinished } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { type Clock, createClock } from '#clock.ts';
import { makeProc } from '#collectors/proc.fixture.ts';
import { makeRegion, type RegionFixture } from '#identity/region.fixture.ts';
import type { Act, RootPaths } from '#root/act.ts';
import { directActs, type RunAct } from '#root/act-runner.ts';
import { createRootClient, type OpenRootSteps } from '#root/client.ts';
import { Executor } from '#root/executor.ts';
import type { GateFacts } from '#root/gate.ts';
import { OwnerKeys } from '#root/owner-key.ts';
import { createRootServer } from '#root/server.ts';
import { RootStates } from '#root/state.ts';
import type { OpenRequest } from '#root/wire.ts';
import { createCommands } from '#work/commands.ts';

const NOW = Date.UTC(2026, 10, 26);
const bytesOf = (name: string, count: number) =>
  nodeCrypto.hash(new TextEncoder().encode(name)).subarray(0, count);

export const REGION: RegionFixture = makeRegion();
export const OWNER: SigningKey = nodeCrypto.signingKey(bytesOf('owner', 32));
export const ADMIN: SigningKey = nodeCrypto.signingKey(bytesOf('admin', 32));
export const NODE: Uint8Array = bytesOf('node', 32);

let tokens = 0;

export interface JobWish {
  kind: KindName;
  params?: ParamValues;
  by?: 'owner' | 'admin' | 'nobody';
  change?: Partial<Job>;
  orderId?: Uint8Array;
  hubKey?: SigningKey;
  orderKey?: SigningKey;
  orderedParams?: ParamValues;
  expiresAt?: number;
}

/** A job that everybody signed who should, unless the wish says otherwise. */
export function makeJob(wish: JobWish): JobMessage {
  tokens += 1;
  const { kind, params = {}, by = 'owner', hubKey = REGION.hubKey } = wish;
  const text = formatParams(kindOf(kind).parameters, params);
  const job: Job = {
    nodeId: NODE,
    jobId: bytesOf(`job ${tokens}`, 16),
    kind,
    attempt: 1,
    fencingToken: tokens,
    leaseMs: 90_000,
    deadline: NOW + 3_600_000,
    maxAttempts: 3,
    idempotencyKey: bytesOf(`effect ${tokens}`, 16),
    params: text,
    ...wish.change,
  };
  return {
    sealed: seal(jobKind, job, hubKey),
    hub: REGION.chain(),
    order: by === 'nobody' ? undefined : makeOrder(wish, by, job.jobId),
  };
}

function makeOrder(wish: JobWish, by: 'owner' | 'admin', jobId: Uint8Array): CarriedOrder {
  const { kind, params = {}, orderedParams = params } = wish;
  const key = wish.orderKey ?? (by === 'owner' ? OWNER : ADMIN);
  const text = formatParams(kindOf(kind).parameters, orderedParams);
  const order = {
    orderId: wish.orderId ?? bytesOf(`order ${toHex(jobId)}`, 16),
    region: REGION.name,
    kind,
    paramsHash: nodeCrypto.hash(new TextEncoder().encode(text)),
    nodes: rootFromProof(NODE, [], nodeCrypto.hash),
    nodeCount: 1,
    maxAttempts: 3,
    signer: `${by}@example.org`,
    signerKey: key.publicKey,
    issuedAt: NOW - 1000,
    expiresAt: wish.expiresAt ?? NOW + 86_400_000,
  };
  const adminKey = {
    region: REGION.name,
    admin: 'admin@example.org',
    publicKey: ADMIN.publicKey,
    notAfter: NOW * 2,
  };
  return {
    sealed: seal(orderKind, order, key),
    admin:
      by === 'owner'
        ? undefined
        : { key: seal(adminKeyKind, adminKey, REGION.keys.authority), authority: REGION.cert('authority') },
    proof: [],
  };
}

export function regionTime(at: number = NOW): OpenRequest['time'] {
  return REGION.time(at);
}

export interface RootWorld {
  readonly socketPath: string;
  readonly steps: OpenRootSteps;
  /** What the agent hands over. */
  readonly ownerKeyChanges: Uint8Array[];
  readonly ran: Act[];
  readonly facts: { -readonly [K in keyof GateFacts]: GateFacts[K] };
  readonly paths: RootPaths;
  readonly directory: string;
  readonly proc: ReturnType<typeof makeProc>;
}

export const CHAINWEB_UNIT: string = 'stoachain.service';
export const AGENT_UID: number = 64_001;
const NODE_UID = 64_002;

/**
 * The unit as it serves its socket, on a host of its own making; `run` says what its processes do. Whose paths are is
 * looked up for real, and process 4242 is the main one of any unit.
 */
export async function makeRootWorld(
  run: RunAct = async () => ({ exitCode: 0 }),
  argv: readonly string[] = [],
  clock: Clock = createClock(),
): Promise<RootWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'stoa-root-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const proc = makeProc();
  const nodeArgv = [
    '/opt/chainweb/chainweb-node',
    '--service-port',
    '1848',
    '--p2p-hostname',
    'node.example.org',
    ...argv,
  ];
  proc.addProcess(4242, {
    comm: 'chainweb-node',
    argv: nodeArgv,
    cgroup: `0::/system.slice/${CHAINWEB_UNIT}\n`,
    uid: NODE_UID,
  });
  const facts = {
    trust: {
      rootFingerprint: REGION.rootFingerprint,
      region: REGION.name,
      nodes: [
        {
          nodeId: toHex(NODE),
          ownerKey: OWNER.publicKey,
          owner: { serial: 1, name: 'owner@example.org' },
          servicePort: '1848',
          p2pPort: '1789',
          instance: 'default',
        },
      ],
    },
    agent: { uid: AGENT_UID, gids: new Set([AGENT_UID]) },
    policy: undefined as string | undefined,
    bootId: 'boot-1',
    uptimeMs: 1_000_000,
  };
  const ownerKeyChanges: Uint8Array[] = [];
  const ran: Act[] = [];
  const direct = directActs(createCommands(createClock()));
  const paths = {
    chain: join(directory, 'chain'),
    programs: join(directory, 'programs'),
    units: join(directory, 'units'),
    workshop: join(directory, 'workshop'),
  };
  const executor = new Executor({
    clock: createClock(),
    proc: proc.proc,
    states: new RootStates(createDisk(), join(directory, 'state')),
    ownerKeys: new OwnerKeys(createDisk(), join(directory, 'state')),
    facts: async () => facts,
    policyOf: async () => facts.policy,
    runAct: async (act, io) => {
      if (act.argv[0] === 'env') return direct(act, io);
      if (act.argv[1] === 'show') {
        await io.onBytes?.(Buffer.from('4242\n'));
        return { exitCode: 0 };
      }
      ran.push(act);
      return run(act, io);
    },
    paths,
  });
  const socketPath = join(directory, 'root.sock');
  const server = createRootServer({
    clock,
    executor,
    installs: undefined,
    onInstall: () => undefined,
    onBusy: () => undefined,
    onIdle: () => undefined,
    onRefusal: () => undefined,
    onRun: () => undefined,
  });
  await listen(server, socketPath);
  onTestFinished(() => void server.close());
  return {
    socketPath,
    steps: createRootClient({
      socketPath,
      time: () => regionTime(),
      ownerKeyChanges: async () => ownerKeyChanges,
    }),
    ownerKeyChanges,
    ran,
    facts,
    paths,
    directory,
    proc,
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve) => {
    server.listen(path, resolve);
  });
}
