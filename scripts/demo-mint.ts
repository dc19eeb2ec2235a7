/** `pnpm demo --mint`: a day of the mint in minutes, from the cut at six to the last settled block. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Hub, openEmbedded, PrivateFile, VERSION } from '@stoa/hub';
import { createLedgerTools } from '@stoa/hub/ledger';
import {
  BATCH_STATES,
  type Batch,
  type BatchState,
  createMintTools,
  dayText,
  type MintTools,
} from '@stoa/hub/mint';
import { placeTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { MINT_CHAINS, planEpoch } from '@stoa/protocol/mint';
import { createNetwork, type SimulatedNetwork, serveNode } from '../test/chainweb/index.ts';
import { registerModule } from '../test/chainweb/pact/index.ts';
import { openTestHub } from '../test/kit/hub.ts';
import { createRegion } from '../test/kit/region.ts';
import { random } from '../test/kit/wire-agent.ts';
import { asHubClock } from '../test/world/clocks.ts';
import { drawPeople, type MintedPerson, storePeople } from '../test/world/minted-people.ts';
import { Minter, REGISTER } from '../test/world/minter.ts';
import { Quiescence } from '../test/world/quiescence.ts';
import { createDice } from '../test/world/random.ts';
import { SharedTime } from '../test/world/shared-time.ts';
import { aborted } from './aborted.ts';
import { nameDemo, openDemoDirectory } from './demo-directory.ts';
import type { DemoOptions } from './demo-options.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Just past six, UTC: the day is cut at once. */
const BEGINS_MS = 6 * HOUR_MS + 10_000;
/** Times as fast as in earnest: the hour to depth 120 takes two minutes. */
const SPEED = 30;
const NODES = 3;
const LOOK_MS = 250;
const SAY_MS = 5_000;
/** Active in the region, by the word of its approver: what its points are capped by. */
const ACTIVE_NODES = 200_000;

export interface MintDemoReport {
  readonly accounts: number;
  readonly points: number;
  readonly transactions: number;
  readonly gas: number;
  /** Real seconds since the demo's clock began to go. */
  readonly cut_s: number;
  readonly mined_s: number;
  readonly final_s: number;
  readonly settled_s: number;
}

type Say = (text: string) => void;

/** A hub with so many accounts, a register on ten simulated chains, and its minter; until the signal, or with --json its end. */
export async function demoMint(options: DemoOptions, accounts: number, signal: AbortSignal): Promise<void> {
  const say: Say = options.json ? console.error : console.log;
  await using stack = new AsyncDisposableStack();
  const dataDir = await openDemoDirectory(stack);
  say('Starting the hub …');
  const quiescence = new Quiescence();
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const time = new SharedTime({ startMs: midnight + BEGINS_MS, settle: quiescence.settle });
  const clock = asHubClock(time.clock);
  const minter = stack.use(await Minter.open({ directory: dataDir, networkId: 'simulated', clock }));
  const network = networkOf(minter, { accounts, seed: options.seed, clock });
  const servers = await Promise.all(network.nodes.map((node) => serveNode(node)));
  for (const server of servers) stack.defer(() => server.close());
  const region = stack.use(await createRegion({ clock, random }));
  const settings = {
    REGION: region.name,
    CHAINWEB_NETWORK: network.network.name,
    CHAINWEB_URL: network.nodes[0]!.serviceUrl,
    MINT_CONTRACT: `${REGISTER.namespace}.${REGISTER.module}@${REGISTER.moduleHash}`,
    MINTER: `k:${minter.publicKey}`,
    MINT_NODES: servers.map(({ serviceUrl }) => serviceUrl).join(','),
  };
  await nameDemo(dataDir, settings);
  const people = drawPeople(accounts, createDice(options.seed));
  const { hub, database } = await openTestHub({
    ...{ clock, dataDir, network, region, version: VERSION, mintSigner: minter.connect() },
    around: (each) => quiescence.observe(each),
    openDatabase: async (log) => {
      const embedded = join(dataDir, 'postgres');
      await placeTemporary(embedded);
      const opened = await openEmbedded({ dataDir: embedded, log });
      const onStored = (count: number) => say(`  ${count} of ${accounts} accounts have what they earned`);
      await storePeople(opened.sql, people, { clock, signal, onStored });
      return opened;
    },
    vaultKeys: new PrivateFile(join(dataDir, 'vault.key')),
    env: { ...settings, PORT: String(options.port), MAX_CONNECTIONS: '1000' },
    // What holds the mint up is a warning: it is told below, once it lasts.
    logLevel: 'error',
    onLog: (line) => signal.aborted || process.stderr.write(line),
  });
  stack.defer(() => hub.close());
  const { book } = createLedgerTools({ sql: database.sql, clock });
  const tools = createMintTools({ sql: database.sql, book, region: region.name, clock });
  const day = midnight / DAY_MS;
  await welcome(hub, day, say);
  const over = new AbortController();
  time.speed = SPEED;
  const passing = time.run(AbortSignal.any([signal, over.signal]));
  const approver = { minter, people, region: region.name, clock };
  const report = await Promise.race([
    new Sweep({ tools, day, approver, say }).settled(signal),
    passing.then(() => undefined),
  ]);
  if (report !== undefined) {
    say(
      `  settled after ${report.settled_s} s: all ${report.points} points are in the registers and in Redeemed`,
    );
    if (options.json) console.log(JSON.stringify(report));
    else await aborted(signal);
  }
  over.abort();
  await passing;
}

function networkOf(
  { publicKey }: Minter,
  { accounts, seed, clock }: { accounts: number; seed: number; clock: { now(): number } },
): SimulatedNetwork {
  const guard = { pred: 'keys-all', keys: [publicKey] };
  const register = registerModule({
    ...{ name: `${REGISTER.namespace}.${REGISTER.module}`, hash: REGISTER.moduleHash, minter: guard },
    enrolled: Math.ceil(accounts / MINT_CHAINS),
  });
  const network = createNetwork({ seed, clock, modules: [register] });
  network.accounts.open(`k:${publicKey}`, guard, 100);
  for (let i = 0; i < NODES; i += 1) network.addNode({ name: `node-${i + 1}` });
  return network;
}

async function welcome(hub: Hub, day: number, say: Say): Promise<void> {
  say(`
  Console   ${hub.url.origin}
  Sign in   ${await hub.web.accounts.createLoginLink('admin@stoa.local')}
            as Ancient Admin (the link works once, within ${Math.round(1_440 / SPEED)} minutes)
  The mint  ${hub.url.origin}/admin/mint/${dayText(day)}, and for everybody ${hub.url.origin}/explorer/mints/${dayText(day)}

  It is six, UTC, and time goes ${SPEED} times as fast: the day is cut, its plan is recomputed and approved, then ten chains open and
  mint. An hour later, in two minutes, it is 120 blocks deep and settles. Ctrl-C stops everything.
`);
}

interface SweepApprover {
  readonly minter: Minter;
  readonly people: readonly MintedPerson[];
  readonly region: string;
  readonly clock: { now(): number };
}

/** Watches a day from its cut to its end, and approves what it finds right. */
class Sweep {
  readonly #by: { tools: MintTools; day: number; approver: SweepApprover; say: Say };
  readonly #began = performance.now();
  /** What waited for the approval goes on within a moment: nothing is told before. */
  #saidAt = 0;
  #said = '';

  constructor(by: { tools: MintTools; day: number; approver: SweepApprover; say: Say }) {
    this.#by = by;
  }

  /** @returns undefined where the signal came first */
  async settled(signal: AbortSignal): Promise<MintDemoReport | undefined> {
    const { tools, day } = this.#by;
    const marks: { cut?: number; mined?: number; final?: number } = {};
    for (; !signal.aborted; await pause(LOOK_MS)) {
      const epoch = await tools.epochs.find(day);
      if (epoch === undefined) continue;
      if (marks.cut === undefined) {
        await this.#approve();
        marks.cut = this.#seconds;
      }
      const batches = await tools.batches.ofEpoch(day);
      await this.#tell(batches);
      if (batches.every(({ state }) => reached(state, 'mined'))) marks.mined ??= this.#seconds;
      if (batches.every(({ state }) => reached(state, 'final'))) marks.final ??= this.#seconds;
      if (epoch.state !== 'settled') continue;
      const gas = batches.reduce((sum, { seen }) => sum + (seen?.gas ?? 0), 0);
      return {
        ...{ accounts: epoch.accounts, points: epoch.points, transactions: batches.length, gas },
        ...{ cut_s: marks.cut, mined_s: marks.mined!, final_s: marks.final!, settled_s: this.#seconds },
      };
    }
    return undefined;
  }

  /** What was drawn is the approver's own evidence: another plan than it gives gets no signature. */
  async #approve(): Promise<void> {
    const { tools, day, say } = this.#by;
    const { minter, people, region, clock } = this.#by.approver;
    const { cutId, planHash } = await tools.epochs.get(day);
    const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => {
      const here = people.filter((one) => one.chain === chain);
      const points = new Map(here.map(({ slot, points }) => [slot, points]));
      return { chain, slots: here.length, points };
    });
    const plan = planEpoch({ epoch: day, cutId, chains });
    if (plan.hash !== planHash)
      throw new Error(`the hub's plan ${planHash} is not ${plan.hash}, which its accounts give`);
    const at = clock.now();
    await tools.approvals.add(day, [minter.approve(plan, { region, nodes: ACTIVE_NODES, at })], at);
    say(`  cut: ${plan.points} points of ${people.length} accounts; recomputed, the same, approved`);
    this.#saidAt = performance.now();
  }

  async #tell(batches: readonly Batch[]): Promise<void> {
    if (performance.now() - this.#saidAt < SAY_MS) return;
    this.#saidAt = performance.now();
    const counts = BATCH_STATES.map(
      (state) => [state, batches.filter((one) => one.state === state).length] as const,
    );
    const told = counts.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
    const faults = await this.#by.tools.faults.list();
    const text = [told.join(', '), ...faults.map(({ place, message }) => `    ${place}: ${message}`)].join(
      '\n',
    );
    if (text !== this.#said) this.#by.say(`  ${this.#seconds} s: ${text}`);
    this.#said = text;
  }

  get #seconds(): number {
    return Math.round((performance.now() - this.#began) / 1_000);
  }
}

const ORDER: readonly BatchState[] = ['planned', 'signed', 'sent', 'mined', 'final', 'settled'];

function reached(state: BatchState, least: BatchState): boolean {
  return ORDER.indexOf(state) >= ORDER.indexOf(least);
}
