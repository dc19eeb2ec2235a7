import type { Clock } from '@stoa/agent';
import type { Dice } from './random.ts';
import { Walk } from './walk.ts';

const GIB = 2 ** 30;
const CPU_MODELS = [
  'AMD EPYC 7443P',
  'Intel Xeon E-2388G',
  'AMD Ryzen 9 7950X',
  'Intel N305',
  'Ampere Altra Q80',
];

/** What a host's figures are at a moment. Counters run since its boot. */
export interface HostFigures {
  readonly uptimeMs: number;
  readonly load: number;
  readonly memoryAvailableBytes: number;
  readonly busyMs: number;
  readonly idleMs: number;
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** Files that are read together tell of one moment. */
const STEP_MS = 1_000;

/** The hardware under a simulated node: plausible figures that move with the clock. */
export class SimulatedHost {
  readonly cores: number;
  readonly memoryTotalBytes: number;
  readonly diskTotalBytes: number;
  readonly cpuModel: string;
  readonly bootedAt: number;
  readonly bootId: string;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #agedMs: number;
  readonly #cpu: Walk;
  readonly #memory: Walk;
  readonly #rx: Walk;
  readonly #tx: Walk;
  readonly #diskUsed: Walk;
  #at: number;
  #busyMs: number;
  #rxBytes: number;
  #txBytes: number;

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock;
    this.cores = dice.pick([4, 4, 8, 8, 16, 32]);
    this.memoryTotalBytes = dice.pick([8, 16, 16, 32, 64]) * GIB;
    this.diskTotalBytes = dice.pick([480, 960, 960, 1_920, 3_840]) * 1e9;
    this.cpuModel = dice.pick(CPU_MODELS);
    this.bootId = Buffer.from(dice.bytes(16)).toString('hex');
    this.#cpu = new Walk(dice, 0.04, dice.number(0.2, 0.7));
    this.#memory = new Walk(dice, 0.35, dice.number(0.5, 0.92));
    this.#rx = new Walk(dice, 20e3, dice.number(200e3, 3e6));
    this.#tx = new Walk(dice, 20e3, dice.number(200e3, 3e6));
    const used = dice.number(0.25, 0.8);
    this.#diskUsed = new Walk(dice, used - 0.02, used + 0.02);
    this.#agedMs = dice.number(3_600_000, 90 * 86_400_000);
    this.#startedAt = clock.monotonic();
    this.bootedAt = Math.floor((clock.now() - this.#agedMs) / 1000) * 1000;
    this.#at = this.#startedAt;
    this.#busyMs = this.#agedMs * this.cores * this.#cpu.value;
    this.#rxBytes = (this.#agedMs / 1000) * this.#rx.value;
    this.#txBytes = (this.#agedMs / 1000) * this.#tx.value;
  }

  get diskFreeBytes(): number {
    return Math.round(this.diskTotalBytes * (1 - this.#diskUsed.value));
  }

  figures(): HostFigures {
    const now = this.#clock.monotonic();
    const elapsedMs = now - this.#at;
    if (elapsedMs >= STEP_MS) {
      this.#at = now;
      this.#pass(elapsedMs);
    }
    const countedMs = this.#agedMs + (this.#at - this.#startedAt);
    return {
      uptimeMs: this.#agedMs + (now - this.#startedAt),
      load: this.#cpu.value * this.cores * 1.15,
      memoryAvailableBytes: this.memoryTotalBytes * (1 - this.#memory.value),
      busyMs: this.#busyMs,
      idleMs: Math.max(0, countedMs * this.cores - this.#busyMs),
      rxBytes: this.#rxBytes,
      txBytes: this.#txBytes,
    };
  }

  #pass(elapsedMs: number): void {
    this.#busyMs += elapsedMs * this.cores * this.#cpu.step(elapsedMs);
    this.#rxBytes += (elapsedMs / 1000) * this.#rx.step(elapsedMs);
    this.#txBytes += (elapsedMs / 1000) * this.#tx.step(elapsedMs);
    this.#memory.step(elapsedMs);
    this.#diskUsed.step(elapsedMs);
  }
}
