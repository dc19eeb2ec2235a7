import {
  type Attempt,
  type Batch,
  ChainView,
  clearsChain,
  MintFault,
  observed,
  resumed,
  retried,
} from '@stoa/hub/mint';
import { type CommandSetting, commandText, type MintAct } from '@stoa/protocol/mint';
import { type PactKey, type PactWorld, registerModule } from '../chainweb/pact/index.ts';
import { HandledNode } from './handled-node.ts';

export const MODULE = { namespace: `n_${'0'.repeat(40)}`, module: 'register', moduleHash: 'h'.repeat(43) };
const NAME = `${MODULE.namespace}.${MODULE.module}`;
export const GAS_LIMIT = 400_000;
/** Short, so that many a schedule outlives it. */
const TTL = 480;
/** What is final is looked at that seldom. */
const FINAL_LOOK = 10;

export function registerOf(minter: PactKey): ReturnType<typeof registerModule> {
  const guard = { pred: 'keys-all', keys: [minter.publicKey] };
  return registerModule({ name: NAME, hash: MODULE.moduleHash, minter: guard });
}

/** A transaction, what it does, and the bytes that exist of it. */
interface Task {
  batch: Batch;
  readonly act: MintAct;
  readonly attempts: Attempt[];
}

class Killed extends Error {}

/**
 * The mint's own states and views over a simulated chain, with a store that is memory: what was written outlives a kill, what
 * was about to be done does not. The order of a lane and the signer's promise are kept as the hub and the signer keep them.
 */
export class Sweep {
  /** Of the signer: the same bytes for an attempt, for ever. */
  readonly signed = new Map<string, Attempt>();
  /** How often a person was called. */
  pages = 0;
  #ticks = 0;
  readonly #tasks: Task[] = [];
  readonly #world: PactWorld;
  readonly #minter: PactKey;
  readonly #view: ChainView;
  readonly #nodes: readonly HandledNode[];
  /** Whether the process dies before its next act or write. */
  readonly #dies: () => boolean;

  constructor(world: PactWorld, { minter, dies }: { minter: PactKey; dies: () => boolean }) {
    this.#world = world;
    this.#minter = minter;
    this.#dies = dies;
    this.#nodes = world.nodes.map((node) => new HandledNode(node));
    const contract = { module: NAME, hash: MODULE.moduleHash };
    this.#view = new ChainView({ nodes: this.#nodes, quorum: 2, contract });
  }

  add(chain: number, act: MintAct): void {
    const { kind } = act;
    const batch: Batch = {
      ...{ contract: 1, kind, chain, epoch: kind === 'enrol' ? 0 : act.epoch, reason: '', since: 0 },
      ...{ modelGas: GAS_LIMIT, gasLimit: GAS_LIMIT, preflightGas: undefined },
      part: kind === 'mint' ? act.batch : kind === 'enrol' ? act.first : 0,
      size: kind === 'enrol' ? act.accounts.length : 1,
      digest: kind === 'close' ? '' : act.digest,
      ...{ state: 'planned', attempt: 0, seen: undefined },
    };
    this.#tasks.push({ batch, act, attempts: [] });
  }

  get settled(): boolean {
    return this.#tasks.every(({ batch }) => batch.state === 'settled');
  }

  /** A transaction has come to the end of its attempts: its day can only be given up. */
  get stuck(): boolean {
    return this.#tasks.some(({ batch }) => batch.state === 'stopped');
  }

  /** How many there are, whatever their attempts. */
  transactions(chain: number): number {
    return this.#tasks.filter(({ batch }) => batch.chain === chain).length;
  }

  get states(): readonly string[] {
    return this.#tasks.map(({ batch: { chain, kind, part, state } }) => `${chain} ${kind} ${part}: ${state}`);
  }

  /** One look and one act for what is under way on each chain. */
  async tick(): Promise<void> {
    this.#ticks += 1;
    for (const chain of new Set(this.#tasks.map(({ batch }) => batch.chain))) {
      try {
        await this.#lane(this.#tasks.filter(({ batch }) => batch.chain === chain));
      } catch (error) {
        if (!(error instanceof Killed || error instanceof MintFault)) throw error;
      }
    }
  }

  async #lane(tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) await this.#look(task);
    for (const [i, task] of tasks.entries()) {
      await this.#go(task);
      const { batch } = task;
      const rests = tasks[i + 1]?.batch.kind !== 'mint' || batch.kind !== 'mint';
      if (rests ? !(batch.state === 'final' || batch.state === 'settled') : !clearsChain(batch)) return;
    }
  }

  async #look(task: Task): Promise<void> {
    const { batch, attempts } = task;
    const seldom = batch.state === 'final' && this.#ticks % FINAL_LOOK > 0;
    const ended = batch.state === 'settled' || batch.state === 'stopped';
    if (attempts.length === 0 || ended || seldom) return;
    const seen = await this.#view.of(batch, attempts);
    if (seen === undefined) return;
    const expiresAt = Math.max(...attempts.map((each) => each.expiresAt));
    const { reason = '', ...to } = observed(batch, seen, { expiresAt });
    this.#write(task, { ...to, reason, seen: seen.seen });
    if (task.batch.state === 'stopped') this.#page(task);
  }

  /** A person looks, and lets it go on where that is a person's to say. */
  #page(task: Task): void {
    this.pages += 1;
    const on = resumed(task.batch);
    if (on !== undefined) this.#write(task, { ...on, reason: '' });
  }

  async #go(task: Task): Promise<void> {
    if (task.batch.state === 'absent') this.#write(task, retried(task.batch));
    if (task.batch.state === 'planned') {
      const attempt = this.#sign(task);
      if (!task.attempts.includes(attempt)) task.attempts.push(attempt);
      this.#write(task, { state: 'signed' });
    }
    if (task.batch.state === 'signed') this.#write(task, { state: 'sent' });
    if (task.batch.state !== 'sent') return;
    this.#mayDie();
    const { command } = task.attempts.at(-1)!;
    await Promise.allSettled(this.#nodes.map((node) => node.send(task.batch.chain, command)));
  }

  #sign({ batch: { chain, gasLimit, attempt }, act }: Task): Attempt {
    this.#mayDie();
    const times = this.#world.nodes.map((node) => Number(node.head(chain).header.creationTime / 1_000_000n));
    const creationTime = Math.min(Math.floor(this.#world.clock.now() / 1_000), ...times) - 30;
    const setting: CommandSetting = {
      ...{ ...MODULE, networkId: 'simulated', chain, gasLimit, attempt, creationTime, ttl: TTL },
      ...{ gasPrice: 1.1e-8, sender: `k:${this.#minter.publicKey}`, publicKey: this.#minter.publicKey },
    };
    const cmd = commandText(act, setting);
    const { nonce } = JSON.parse(cmd) as { nonce: string };
    const known = this.signed.get(nonce);
    if (known !== undefined) return known;
    const { hash, sigs } = this.#minter.sign(cmd);
    const command = { cmd, hash, sigs: [...sigs] };
    const made = {
      ...{ attempt, command, gasPrice: 1.1e-8, gasLimit },
      ...{ expiresAt: creationTime + TTL, sentAt: undefined },
    };
    this.signed.set(nonce, made);
    this.#mayDie();
    return made;
  }

  #write(task: Task, to: Partial<Batch>): void {
    this.#mayDie();
    task.batch = { ...task.batch, ...to };
  }

  #mayDie(): void {
    if (this.#dies()) throw new Killed();
  }
}
