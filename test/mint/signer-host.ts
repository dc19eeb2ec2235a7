import type { CommandSetting, MintAct } from '@stoa/protocol/mint';
import {
  createMintSigner,
  inProcessMintSigner,
  type MintConfig,
  type MintService,
  type MintSignerClient,
  openMintService,
  type SignedCommand,
  SignerError,
  type SigningGround,
  unlockWithKeyFile,
} from '@stoa/signer';
import { MemoryDisk } from '@stoa/signer/memory-disk';

const [DIRECTORY, UNLOCK] = ['/mint', '/unlock'];

/** The signer's machine: its disk outlives its power, and its process what it was asked. */
export class SignerHost {
  readonly publicKey: string;
  /** Milliseconds that its clock is ahead. */
  skewMs = 0;
  readonly #disk: MemoryDisk;
  readonly #clock: { now(): number };
  #service: Promise<MintService> | undefined;
  #off = false;

  private constructor(by: { publicKey: string; disk: MemoryDisk; clock: { now(): number } }) {
    this.publicKey = by.publicKey;
    this.#disk = by.disk;
    this.#clock = by.clock;
  }

  static async make(config: MintConfig, clock: { now(): number }): Promise<SignerHost> {
    const disk = new MemoryDisk();
    let drawn = 0;
    const random = (count: number) =>
      Uint8Array.from({ length: count }, () => (drawn = (drawn * 31 + 7) & 255));
    disk.set(UNLOCK, random(32));
    const unlock = await unlockWithKeyFile(UNLOCK, disk);
    const by = { config, unlock, random, now: clock.now() };
    const publicKey = await createMintSigner({ dir: DIRECTORY, disk }, by);
    return new SignerHost({ publicKey, disk, clock });
  }

  /** Power is lost after so many steps of its disk; what was appended last may stand there by half. */
  crashAfter(steps: number): void {
    this.#disk.crashAfter(steps);
  }

  turnOff(): void {
    this.#off = true;
    this.#service = undefined;
  }

  turnOn(): void {
    this.#off = false;
    this.#service = undefined;
    this.#disk.restart();
  }

  sign(act: MintAct, setting: CommandSetting, ground: SigningGround): Promise<SignedCommand> {
    return this.#ask((client) => client.sign(act, setting, ground));
  }

  plan(request: Parameters<MintSignerClient['plan']>[0]): Promise<void> {
    return this.#ask((client) => client.plan(request));
  }

  async #ask<T>(question: (client: MintSignerClient) => Promise<T>): Promise<T> {
    if (this.#off) throw unreachable();
    try {
      this.#service ??= this.#start();
      return await question(inProcessMintSigner(await this.#service));
    } catch (error) {
      if (this.#disk.isOff) this.turnOff();
      throw this.#off ? unreachable() : error;
    }
  }

  async #start(): Promise<MintService> {
    const unlock = await unlockWithKeyFile(UNLOCK, this.#disk);
    const clock = { now: () => this.#clock.now() + this.skewMs };
    const by = { dir: DIRECTORY, unlock, clock, disk: this.#disk };
    return openMintService({ ...by, acceptClockLeap: true });
  }
}

function unreachable(): SignerError {
  return new SignerError('signer_unreachable', 'the signer does not run');
}
