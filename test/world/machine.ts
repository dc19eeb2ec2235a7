import { type Clock, type DiskSpace, type Http, MemoryDisk, type Proc } from '@stoa/agent';
import type { SimulatedNetwork, SimulatedNode } from '../chainweb/index.ts';
import { chainwebHttp } from './chainweb-http.ts';
import { chainwebProcess } from './chainweb-process.ts';
import { SimulatedHost } from './host.ts';
import { type SimulatedProcess, simulatedProc } from './procfs.ts';
import type { Dice } from './random.ts';

/** Room of the agent's data directory. What the host's disk holds besides is only told, never stored. */
const DATA_BYTES = 64 * 2 ** 20;

/** A disk in memory that reports the size of the simulated host's. */
export class MachineDisk extends MemoryDisk {
  readonly #host: SimulatedHost;
  /** Somebody else's files take what is left; the agent's own room stands apart. */
  crowded = false;
  #full = false;

  constructor(host: SimulatedHost) {
    super({ capacityBytes: DATA_BYTES });
    this.#host = host;
  }

  /** Not one byte more, until it is freed again. */
  set full(full: boolean) {
    this.#full = full;
    this.capacityBytes = full ? 0 : DATA_BYTES;
  }

  override async space(path: string): Promise<DiskSpace> {
    const inodes = await super.space(path);
    const { diskTotalBytes, diskFreeBytes } = this.#host;
    return {
      ...inodes,
      totalBytes: diskTotalBytes,
      freeBytes: this.#full || this.crowded ? 0 : diskFreeBytes,
    };
  }
}

export interface MachineOptions {
  readonly name: string;
  readonly address: string;
  readonly clock: Clock;
  readonly network: SimulatedNetwork;
  readonly dice: Dice;
}

/** A simulated host with a chainweb node on it: what an agent measures, and what may go wrong with that. */
export class Machine {
  readonly host: SimulatedHost;
  readonly disk: MachineDisk;
  readonly chain: SimulatedNode;
  readonly proc: Proc;
  readonly http: Http;
  /** Whether the chainweb process runs. */
  chainwebUp = true;
  #process: SimulatedProcess;
  #stuck: PromiseWithResolvers<void> | undefined;

  constructor({ name, address, clock, network, dice }: MachineOptions) {
    this.host = new SimulatedHost(clock, dice);
    this.disk = new MachineDisk(this.host);
    this.chain = network.addNode({ name, propagationMs: dice.integer(150, 1_800) });
    this.#process = chainwebProcess(name, network.network.name, dice);
    this.proc = simulatedProc({
      host: this.host,
      process: () => (this.chainwebUp ? this.#process : undefined),
      stuck: () => this.#stuck?.promise,
    });
    this.http = chainwebHttp({
      clock,
      node: this.chain,
      up: () => this.chainwebUp,
      tlsFingerprint: Buffer.from(dice.bytes(32)).toString('base64url'),
      address,
    });
  }

  /** Chainweb is started anew without, or again with, an argument. */
  restartWith(argv: (now: readonly string[]) => readonly string[]): void {
    const { pid, argv: now } = this.#process;
    this.#process = { ...this.#process, pid: pid + 1, argv: argv(now) };
  }

  /** Of the process. */
  get argv(): readonly string[] {
    return this.#process.argv;
  }

  /** From now on a read of the process's memory does not return (F29). */
  stickProbe(): void {
    this.#stuck ??= Promise.withResolvers();
  }

  freeProbe(): void {
    this.#stuck?.resolve();
    this.#stuck = undefined;
  }
}
