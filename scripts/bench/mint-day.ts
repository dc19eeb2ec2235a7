import { seal, toHex } from '@stoa/protocol';
import {
  ACCOUNT_CAP,
  type CommandSetting,
  type EpochPlan,
  epochOf,
  MINT_CHAINS,
  type MintAct,
  planEpoch,
} from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  contractOf,
  createMintSigner,
  DEFAULT_MINT_POLICY,
  inProcessMintSigner,
  type MintConfig,
  type MintSignerClient,
  openMintService,
  planApprovalKind,
  type SignedCommand,
  unlockWithKeyFile,
} from '@stoa/signer';
import { MemoryDisk } from '@stoa/signer/memory-disk';

/** The cut at six, in the bench's time. */
export const CUT_AT = Date.UTC(2026, 10, 26, 6);
export const CONTRACT = { namespace: `n_${'ab'.repeat(20)}`, module: 'register', moduleHash: 'm'.repeat(43) };
const NETWORK = 'simulated';
/** Before any chain's newest block, whatever the seed. */
const OLDER_SECONDS = 500;
const MEDIAN = 86;
/** Of the logarithm, so that one of a hundred has 2,000 at a median of 86. */
const SPREAD = 1.353;
const APPROVERS = ['robot', 'ann', 'ben'].map((name, i) => ({
  name,
  role: i === 0 ? ('program' as const) : ('person' as const),
  key: nodeCrypto.signingKey(new Uint8Array(32).fill(50 + i)),
}));

/** Log-normal whole points by a congruential generator: the same draw at every run. */
export function drawPoints(accounts: number, days: number): readonly Uint32Array[] {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const one = () => Math.min(ACCOUNT_CAP, Math.floor(MEDIAN * days * Math.exp(SPREAD * normal())));
  return Array.from({ length: MINT_CHAINS }, () => Uint32Array.from({ length: accounts / MINT_CHAINS }, one));
}

export interface SignedDay {
  readonly plan: EpochPlan;
  readonly openings: readonly SignedCommand[];
  /** By chain, in their order. */
  readonly batches: readonly (readonly SignedCommand[])[];
  readonly publicKey: string;
}

export function planDay(points: readonly Uint32Array[]): EpochPlan {
  const chains = points.map((each, chain) => ({ chain, slots: each.length, points: each }));
  return planEpoch({ epoch: epochOf(CUT_AT), cutId: 'bench', chains });
}

/** From the cut to the last signature, by the signer's own desk, policy and journal, through its wire. */
export async function signDay(points: readonly Uint32Array[]): Promise<SignedDay> {
  const { signer, publicKey, config } = await openSigner();
  const plan = planDay(points);
  await signer.plan({ plan, approvals: approvalsOf(plan, config) });
  const ground = { plan: { epoch: plan.epoch, hash: plan.hash }, leaseEpoch: 1 };
  const setting = (chain: number, gasLimit: number): CommandSetting => ({
    ...{ ...CONTRACT, networkId: NETWORK, sender: `k:${publicKey}`, publicKey, chain, gasLimit },
    ...{ gasPrice: 1.1e-8, creationTime: CUT_AT / 1_000 - OLDER_SECONDS, ttl: 3_600, attempt: 0 },
  });
  const { epoch } = plan;
  const openings: SignedCommand[] = [];
  const batches: SignedCommand[][] = [];
  for (const { chain, cap, bounds, digest, opening, batches: planned } of plan.chains) {
    const open: MintAct = { kind: 'open', epoch, cap, bounds, digest };
    openings.push(await signer.sign(open, setting(chain, opening.gasLimit), ground));
    const signed: SignedCommand[] = [];
    for (const { batch, deltas, sum, digest: content, gasLimit } of planned) {
      const mint: MintAct = { kind: 'mint', epoch, batch, deltas, sum, digest: content };
      signed.push(await signer.sign(mint, setting(chain, gasLimit), ground));
    }
    batches.push(signed);
  }
  return { plan, openings, batches, publicKey };
}

async function openSigner(): Promise<{ signer: MintSignerClient; publicKey: string; config: MintConfig }> {
  const disk = new MemoryDisk();
  const clock = { now: () => CUT_AT };
  disk.set('/unlock', new Uint8Array(32).fill(7));
  const unlock = await unlockWithKeyFile('/unlock', disk);
  const config = configOf();
  const random = (count: number) => new Uint8Array(count).fill(3);
  const publicKey = await createMintSigner({ dir: '/mint', disk }, { config, unlock, random, now: CUT_AT });
  const service = await openMintService({
    ...{ dir: '/mint', unlock: await unlockWithKeyFile('/unlock', disk), clock, disk },
  });
  return { signer: inProcessMintSigner(service), publicKey, config };
}

/** As it is by default: people approve a sweep of banked days. */
function configOf(): MintConfig {
  return {
    ...{ networkId: NETWORK, ...CONTRACT, sender: '', threshold: 1, people: 2 },
    approvers: APPROVERS.map(({ name, role, key }) => ({ name, role, publicKey: toHex(key.publicKey) })),
    policy: DEFAULT_MINT_POLICY,
  };
}

function approvalsOf({ epoch, hash, points }: EpochPlan, config: MintConfig): Uint8Array[] {
  const regions = [{ region: 'bench', nodes: 1_000_000, points }];
  const body = { networkId: NETWORK, contract: contractOf(config), at: CUT_AT, epoch, hash, points, regions };
  return APPROVERS.map(({ name, key }) => seal(planApprovalKind, { ...body, approver: name }, key));
}
