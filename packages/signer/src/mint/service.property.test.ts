import { epochOf, type MintAct } from '@stoa/protocol/mint';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SignerError } from '#error.ts';
import { readJournal } from '#journal/hash-chain.ts';
import type { MintSignerClient } from '#mint/client.ts';
import type { MintEntry } from '#mint/entry.ts';
import { mintJournal } from '#mint/place.ts';
import { subjectOf } from '#mint/request.ts';
import { closeAct, EPOCH, MINT_DIR, MintWorld, mintAct, openAct, planOf } from '#mint/world.fixture.ts';

const GAS_A_DAY = 6_000_000_000;
const POINTS_A_DAY = 500;
const DAY_MS = 86_400_000;
/** Two candidates for each of three epochs. */
const PLANS = [0, 1, 2].flatMap((day) => [
  planOf(EPOCH + day, [5, 0, 7], 'one'),
  planOf(EPOCH + day, [9, 9], 'other'),
]);

type Step =
  | { readonly do: 'restart' }
  | { readonly do: 'crash'; readonly after: number }
  | { readonly do: 'clock'; readonly by: number }
  | { readonly do: 'bring'; readonly plan: number }
  | {
      readonly do: 'ask';
      readonly kind: 'open' | 'mint' | 'close';
      readonly plan: number;
      readonly chain: number;
      /** Past the last one that was answered; -1: that one again. */
      readonly further: number;
      readonly gasPrice: number;
      readonly off: number;
      /** Past the last one that was answered. */
      readonly leaseStep: number;
      /** Deltas of the other plan. */
      readonly swap: boolean;
    };

const plan = fc.nat(PLANS.length - 1);
const ask: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('ask' as const),
  kind: fc.constantFrom('open', 'mint', 'close'),
  plan: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 2) }, plan),
  chain: fc.nat(1),
  further: fc.constantFrom(0, 0, 0, -1, -1, 1, 3),
  gasPrice: fc.constantFrom(1e-8, 1e-8, 2e-8, 2e-8, 9e-9),
  off: fc.oneof({ weight: 3, arbitrary: fc.constant(-30) }, fc.integer({ min: -620, max: 620 })),
  leaseStep: fc.constantFrom(0, 0, 0, 0, 1, -1),
  swap: fc.constantFrom(false, false, false, true),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: ask },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), after: fc.nat(8) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      by: fc.constantFrom(-300_000, -7_200_000, DAY_MS, DAY_MS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('clock' as const), by: fc.constant(1_900_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bring' as const), plan }) },
);

/** A machine that runs the signer and loses power now and then, and a hub that asks for whatever it likes. */
class Machine {
  readonly #world = new MintWorld({ gasSpendPerDay: GAS_A_DAY, dayCap: POINTS_A_DAY });
  readonly #bytes = new Map<string, string>();
  readonly #contents = new Map<string, string>();
  /** By subject: the attempt after the last that was answered. */
  readonly #attempts = new Map<string, number>();
  #lease = 0;
  #signer: MintSignerClient | undefined;
  answers = 0;

  async run(each: Step): Promise<void> {
    if (each.do === 'clock') this.#world.clock.at += each.by;
    else if (each.do === 'crash') this.#world.disk.crashAfter(each.after);
    else if (each.do === 'restart') this.#restart();
    else await this.#ask(each);
  }

  async make(): Promise<void> {
    await this.#world.make();
  }

  /** The journal has everything that was answered, and holds to the bounds of each day. */
  async finish(): Promise<void> {
    this.#restart();
    const entries: MintEntry[] = [];
    await readJournal(mintJournal({ dir: MINT_DIR, disk: this.#world.disk }), (entry) =>
      entries.push(entry as MintEntry),
    );
    const signed = entries.filter((entry) => entry.kind === 'command-signed');
    const names = signed.map(({ subject, attempt }) => `${subject} ${attempt}`);
    expect(new Set(names).size).toBe(names.length);
    for (const name of this.#bytes.keys()) expect(names).toContain(name);
    const days = Map.groupBy(signed, ({ at }) => epochOf(at));
    for (const acts of days.values()) {
      const gas = acts.reduce((sum, { gasPrice, gasLimit }) => sum + gasPrice * gasLimit, 0);
      expect(gas).toBeLessThanOrEqual(GAS_A_DAY);
      const minted = acts.filter(({ act, attempt }) => act === 'mint' && attempt === 0);
      expect(minted.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(POINTS_A_DAY);
    }
    const planned = entries.filter((entry) => entry.kind === 'planned');
    const hashes = Map.groupBy(planned, ({ epoch }) => epoch);
    for (const plans of hashes.values()) expect(new Set(plans.map(({ hash }) => hash)).size).toBe(1);
  }

  #restart(): void {
    this.#world.disk.restart();
    this.#signer = undefined;
  }

  async #ask(each: Step & { do: 'bring' | 'ask' }): Promise<void> {
    try {
      this.#signer ??= await this.#world.client();
      const chosen = PLANS[each.plan]!;
      if (each.do === 'bring')
        await this.#signer.plan({
          plan: chosen,
          approvals: this.#world.approvals(chosen, 'robot', 'ann', 'ben'),
        });
      else await this.#sign(this.#signer, each);
    } catch (error) {
      const powerCut = isPowerCut(error) || (error instanceof Error && isPowerCut(error.cause));
      const refused =
        error instanceof SignerError && (error.code.startsWith('mint_') || error.code === 'clock_leap');
      if (!(refused || powerCut)) throw error;
      if (powerCut) this.#restart();
    }
  }

  async #sign(signer: MintSignerClient, each: Step & { do: 'ask' }): Promise<void> {
    const chosen = PLANS[each.plan]!;
    const { chain, gasPrice } = each;
    const lease = Math.max(0, this.#lease + each.leaseStep);
    const source = each.swap ? PLANS[each.plan ^ 1]! : chosen;
    const acts: Record<typeof each.kind, () => MintAct> = {
      open: () => openAct(source, chain),
      mint: () => mintAct(source, 0, chain),
      close: () => closeAct(source, each.swap ? 3 : 2),
    };
    const act = acts[each.kind]();
    const subject = subjectOf(act, chain);
    const attempt = Math.max(0, (this.#attempts.get(subject.name) ?? 0) + each.further);
    const creationTime = Math.floor(this.#world.clock.at / 1_000) + each.off;
    const setting = this.#world.setting({ chain, attempt, gasPrice, creationTime });
    const { cmd } = await signer.sign(act, setting, this.#world.ground(chosen, lease));
    this.answers += 1;
    expect(lease).toBeGreaterThanOrEqual(this.#lease);
    this.#lease = lease;
    const name = `${subject.name} ${attempt}`;
    expect(this.#bytes.get(name) ?? cmd).toBe(cmd);
    expect(this.#contents.get(subject.name) ?? subject.content).toBe(subject.content);
    this.#bytes.set(name, cmd);
    this.#attempts.set(subject.name, Math.max(attempt + 1, this.#attempts.get(subject.name) ?? 0));
    this.#contents.set(subject.name, subject.content);
  }
}

function isPowerCut(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'PowerCut';
}

test('over random asks, crashes at any step, restarts and a clock that jumps: one (epoch, chain, batch, attempt) has one text, attempts one content, each day its bounds', async () => {
  let answers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 120, size: 'max' }), async (steps) => {
      const machine = new Machine();
      await machine.make();
      await machine.run({ do: 'bring', plan: 0 });
      for (const each of steps) await machine.run(each);
      await machine.finish();
      answers += machine.answers;
    }),
    { numRuns: 60 },
  );
  // The asks are not all refused.
  expect(answers).toBeGreaterThan(100);
});
