import { nodeCertKind, peek, peekInstanceCert, regionTimeKind, toHex } from '@stoa/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { journalFiles } from '#authority/region.ts';
import { inProcessSigner } from '#client/in-process.ts';
import { SignerError } from '#error.ts';
import { readJournal } from '#journal/hash-chain.ts';
import { DIR, signingKey, TestRegion } from '#region.fixture.ts';

const HOUR_MS = 3_600_000;
const PER_HOUR = 3;
const KEYS = Array.from({ length: 8 }, (_, n) => signingKey(`node ${n}`).publicKey);

type Step =
  | { readonly do: 'cert' | 'time' | 'restart' }
  | { readonly do: 'enrol'; readonly node: number }
  | { readonly do: 'clock'; readonly by: number }
  | { readonly do: 'crash'; readonly after: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('cert', 'time', 'restart') }),
  fc.record({ do: fc.constant('enrol' as const), node: fc.nat(KEYS.length - 1) }),
  fc.record({ do: fc.constant('clock' as const), by: fc.integer({ min: -30 * HOUR_MS, max: 30 * HOUR_MS }) }),
  fc.record({ do: fc.constant('clock' as const), by: fc.integer({ min: 0, max: HOUR_MS }) }),
  fc.record({ do: fc.constant('crash' as const), after: fc.nat(8) }),
);

/** What hubs were answered: none of it may be contradicted or forgotten later. */
class Witness {
  serial = 0;
  time = 0;
  readonly enrolled = new Map<string, { issuedAt: number; node: string }>();
  answers = 0;
}

/** A machine that runs a signer, and loses power now and then. */
class Machine {
  readonly #region: TestRegion;
  readonly #witness = new Witness();
  #signer: ReturnType<typeof inProcessSigner> | undefined;

  constructor(region: TestRegion) {
    this.#region = region;
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'clock') this.#region.clock.at += step.by;
    else if (step.do === 'crash') this.#region.disk.crashAfter(step.after);
    else if (step.do === 'restart') this.#restart();
    else await this.#ask(step);
  }

  async finish(): Promise<void> {
    this.#restart();
    const { disk } = this.#region;
    const acts: { kind: string; at: number; nodeId?: string }[] = [];
    await readJournal(journalFiles({ dir: DIR, disk }), (entry) => acts.push(entry as (typeof acts)[number]));
    const times = acts.filter(({ kind }) => kind === 'node-enrolled').map(({ at }) => at);
    for (const at of times)
      expect(times.filter((other) => other > at - HOUR_MS && other <= at).length).toBeLessThanOrEqual(
        PER_HOUR,
      );
    const journalled = new Set(acts.map(({ nodeId }) => nodeId));
    for (const { node } of this.#witness.enrolled.values()) expect(journalled).toContain(node);
    expect(times.length).toBeGreaterThanOrEqual(this.#witness.enrolled.size);
  }

  #restart(): void {
    this.#region.disk.restart();
    this.#signer = undefined;
  }

  async #ask(step: Step): Promise<void> {
    try {
      this.#signer ??= inProcessSigner(await this.#region.open());
      if (step.do === 'cert') await this.#cert(this.#signer);
      if (step.do === 'time') await this.#time(this.#signer);
      if (step.do === 'enrol') await this.#enrol(this.#signer, KEYS[step.node]!);
    } catch (error) {
      const refused = error instanceof SignerError && ['quota_exceeded', 'clock_leap'].includes(error.code);
      const powerCut = error instanceof Error && (error.name === 'PowerCut' || isPowerCut(error.cause));
      if (!(refused || powerCut)) throw error;
      if (powerCut) this.#restart();
    }
  }

  async #cert(signer: ReturnType<typeof inProcessSigner>): Promise<void> {
    const { instance } = await signer.instanceCert({ instance: 'hub-1', key: this.#region.hubKey });
    const { serial } = peekInstanceCert(instance);
    expect(serial).toBeGreaterThan(this.#witness.serial);
    this.#witness.serial = serial;
  }

  async #time(signer: ReturnType<typeof inProcessSigner>): Promise<void> {
    const { at } = peek(regionTimeKind, (await signer.regionTime()).regionTime);
    expect(at).toBeGreaterThanOrEqual(this.#witness.time);
    this.#witness.time = at;
  }

  async #enrol(signer: ReturnType<typeof inProcessSigner>, publicKey: Uint8Array): Promise<void> {
    const { node } = await signer.enrol({ publicKey, tokenId: new Uint8Array(16) });
    const { issuedAt, nodeId } = peek(nodeCertKind, node);
    const before = this.#witness.enrolled.get(toHex(publicKey));
    expect(issuedAt).toBeGreaterThanOrEqual(before?.issuedAt ?? 0);
    this.#witness.enrolled.set(toHex(publicKey), { issuedAt, node: toHex(nodeId) });
  }
}

function isPowerCut(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'PowerCut';
}

test('serials, time and quotas hold over crashes, restarts and a clock that jumps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const region = new TestRegion({ enrolmentsPerHour: PER_HOUR, instanceCertsPerDay: 10 });
      await region.make();
      const machine = new Machine(region);
      for (const each of steps) await machine.run(each);
      await machine.finish();
    }),
    { numRuns: 60 },
  );
});
