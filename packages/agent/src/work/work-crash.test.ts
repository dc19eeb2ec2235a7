import { jobResultKind, peek, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import type { Unsynced } from '#memory-disk.ts';
import { type JobSpec, WorkWorld } from '#work/work-world.fixture.ts';

/** Writes of the disk from the frame of a job to its receipt in the log, and some more. */
const STEPS = 24;

const UNDOABLE: JobSpec = {
  kind: 'stoachain-control',
  params: { action: 'restart' },
  order: 'owner',
  job: 'a',
};
const IDEMPOTENT: JobSpec = { kind: 'system-probe', job: 'a' };

/** The chain as the hub has it, each result once. */
function chainOf(w: WorkWorld): void {
  const sealed = new Map(
    w.of('jobResult').map((result) => [peek(jobResultKind, result.sealed).number, result.sealed]),
  );
  const numbers = [...sealed.keys()].sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  let previous: Uint8Array = new Uint8Array(32);
  for (const number of numbers) {
    expect(peek(jobResultKind, sealed.get(number)!).previous).toEqual(previous);
    previous = nodeCrypto.hash(sealed.get(number)!);
  }
  // One number, one result: a second one would be another hash.
  for (const result of w.of('jobResult'))
    expect(toHex(result.sealed)).toBe(toHex(sealed.get(peek(jobResultKind, result.sealed).number)!));
}

async function dieAt(step: number, unsynced: Unsynced, spec: JobSpec): Promise<WorkWorld> {
  const w = await WorkWorld.create();
  await w.open();
  const order = w.message(spec).order;
  w.disk.crashAfter(step);
  await w.send({ ...spec, order });
  await w.clock.advance(1_000);
  if (w.runs('a')) await w.finish('a', { done: true });
  await w.clock.advance(1_000);
  const acknowledged = w.of('jobAck').length > 0;
  await w.kill(unsynced);
  await w.open();
  await w.clock.advance(2_000);
  const told = w.results.some(({ attempt }) => attempt === 1);
  // What was acknowledged is told of, whatever happened: the hub waits for nothing else.
  if (acknowledged) expect(told).toBe(true);
  const [first] = w.results.filter(({ attempt }) => attempt === 1);
  // As the hub goes on: what can be repeated, and what was never begun, is leased again.
  if (!told || (first?.outcome === 'interrupted' && spec.kind === 'system-probe')) {
    await w.send({ ...spec, order, attempt: 2 });
    if (w.runs('a')) await w.finish('a', { done: true });
  }
  await w.clock.advance(2_000);
  return w;
}

describe.each<Unsynced>(['lost', 'torn', 'kept'])(
  'F22 kill -9 at every step, with what was not synced %s',
  (unsynced) => {
    test('an effect that can’t be repeated is had once, and the job has its result', async () => {
      for (let step = 0; step < STEPS; step += 1) {
        const w = await dieAt(step, unsynced, UNDOABLE);
        const outcomes = w.results.map(({ attempt, outcome }) => `${attempt} ${outcome}`);
        expect(outcomes.length, `step ${step}`).toBeGreaterThan(0);
        // Either it ran once, or its only run was never acknowledged and left no trace on the disk.
        expect(new Set(w.ran).size, `step ${step}: ${w.ran.join()}`).toBe(w.ran.length);
        expect(w.ran.length, `step ${step}: ${outcomes.join()}`).toBeLessThanOrEqual(1);
        chainOf(w);
        expect(w.work.pending).toBe(0);
      }
    });

    test('an effect that can be repeated is had in the end', async () => {
      for (let step = 0; step < STEPS; step += 1) {
        const w = await dieAt(step, unsynced, IDEMPOTENT);
        expect(w.results.at(-1), `step ${step}`).toMatchObject({
          outcome: 'succeeded',
          report: '{"done":true}',
        });
        chainOf(w);
        expect(w.work.pending).toBe(0);
      }
    });
  },
);
