import crypto, { randomUUID } from 'node:crypto';
import { encode, fromHex, type Random, type SigningKey, seal, toHex } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  type DriveFile,
  NO_ANSWER,
  type WorkLane,
  type WorkPart,
  workAnswer,
  workClaimKind,
  workOf,
  workWord,
} from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter, Sql } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { systemClock } from '../clock.ts';
import { WorkCheck } from './work-check.ts';
import { WorkDesk } from './work-desk.ts';
import { WorkStore } from './work-store.ts';

const key: SigningKey = nodeCrypto.signingKey(new Uint8Array(32).fill(4));
const nodeId = toHex(nodeCrypto.hash(key.publicKey));
const START = Date.UTC(2026, 10, 26, 15);

/** As an honest node does it. */
function worked(
  part: WorkPart,
  nonce: Uint8Array,
  by: { marks: number; every: number; lane?: number },
): WorkLane {
  const { first, step } = workOf(crypto, { part, nonce, lane: by.lane ?? 0 });
  let state = first;
  const marks = Array.from({ length: by.marks }, () => {
    for (let left = by.every; left > 0; left -= 1) state = step(state);
    return new Uint8Array(state);
  });
  return { every: by.every, marks };
}

describe('work that begins with a nonce', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let sql: Sql;
  let jobId: string;
  let random: Random;
  const clock = { time: START };
  const store = () => Object.assign(new WorkStore(sql), { now: async () => clock.time });
  const desk = (check = new WorkCheck({ random: seededRandom('stretches'), clock: systemClock })) =>
    new WorkDesk({
      store: store(),
      check,
      crypto: nodeCrypto,
      random,
    });
  const word = (
    part: string,
    lanes: WorkLane[] = [],
    by: { signer?: SigningKey; answer?: Uint8Array; blocks?: number } = {},
  ) => {
    const answer = by.answer ?? (lanes.length === 0 ? NO_ANSWER : workAnswer(lanes, nodeCrypto.hash));
    const claim = {
      nodeId: fromHex(nodeId),
      jobId: fromHex(jobId.replaceAll('-', '')),
      attempt: 1,
      part,
      blocks: by.blocks ?? 0,
      answer,
    };
    return encode(workWord, { sealed: seal(workClaimKind, claim, by.signer ?? key), lanes });
  };
  const proofs = () => store().proofs({ jobId, attempt: 1 });

  beforeAll(async () => {
    database = await openTemporary();
    ({ sql } = database);
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      values (${nodeId}, 'one', 'ann@x.example', 'eu', ${key.publicKey}, ${Buffer.of(0)}, now())`;
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.time = START;
    jobId = randomUUID();
    random = seededRandom(jobId);
    await sql`truncate jobs, benchmark_work`;
    await sql`insert into jobs (job_id, batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state,
        max_attempts, attempt, scheduled_at, deadline, created_at)
      values (${jobId}, gen_random_uuid(), ${nodeId}, 'ann@x.example', 'agent', 'benchmark-node', 'disruptive', true,
        false, '{}', 'running', 1, 1, now(), now(), now())`;
  });

  it('is timed by the clock of the hub, whatever the node says of it', async () => {
    const nonce = await desk().take(word('hashVerify'));
    clock.time += 500;
    await desk().take(word('hashVerify', [worked('hashVerify', nonce, { marks: 20, every: 50 })]));
    // 1,000 headers in half a second.
    expect(await proofs()).toEqual({ hashVerify: 2_000_000 });
    const [row] = await sql`select verdict from benchmark_work`;
    expect(row).toEqual({ verdict: 'right' });
  });

  it('is timed by the clock of the database, which all instances share', async () => {
    const check = new WorkCheck({ random, clock: systemClock });
    const shared = new WorkDesk({ store: new WorkStore(sql), check, crypto: nodeCrypto, random });
    await shared.take(word('hashVerify'));
    const [row] =
      await sql`select abs(extract(epoch from now() - asked_at)) < 60 as "isShared" from benchmark_work`;
    expect(row).toEqual({ isShared: true });
  });

  it('has one nonce a part, and the first answer counts', async () => {
    const nonce = await desk().take(word('ed25519'));
    clock.time += 900;
    // Who asks again later has not begun later.
    expect(await desk().take(word('ed25519'))).toEqual(nonce);
    clock.time += 100;
    const lanes = [worked('ed25519', nonce, { marks: 10, every: 10 })];
    await desk().take(word('ed25519', lanes));
    clock.time += 9_000;
    await desk().take(word('ed25519', lanes));
    expect(await proofs()).toEqual({ ed25519: 100_000 });
    expect(await desk().take(word('secp256k1'))).not.toEqual(nonce);
  });

  it('that was not done is found where it is done again', async () => {
    const nonce = await desk().take(word('blake2s'));
    const { every, marks } = worked('blake2s', nonce, { marks: 4, every: 2 });
    // Twice as much in the same time: every second stretch is made up.
    const padded = marks.flatMap((mark) => [mark.map((byte) => byte ^ 1), mark]);
    clock.time += 100;
    await desk().take(word('blake2s', [{ every, marks: padded }]));
    expect(await proofs()).toEqual({ blake2s: 'wrong' });
  });

  it('of another nonce, another lane or stretches without end is wrong', async () => {
    const nonce = await desk().take(word('cpuMulti'));
    const lane = worked('cpuMulti', nonce, { marks: 2, every: 1 });
    await desk().take(word('cpuMulti', [lane, lane, lane, lane, lane, lane, lane, lane]));
    const other = await desk().take(word('pactProxy'));
    await desk().take(word('pactProxy', [worked('pactProxy', nonce, { marks: 2, every: 1 })]));
    expect(other).not.toEqual(nonce);
    const impatient = new WorkCheck({
      random: seededRandom('x'),
      clock: {
        after: (_ms, task) => {
          setImmediate(task);
          return () => undefined;
        },
      },
    });
    await desk().take(word('memorySpeed'));
    await desk(impatient).take(word('memorySpeed', [{ every: 2 ** 32 - 1, marks: [nonce] }]));
    expect(await proofs()).toEqual({ cpuMulti: 'wrong', pactProxy: 'wrong', memorySpeed: 'wrong' });
  });

  it('of the drive reads what the hub has given it to write', async () => {
    const content = await desk().take(word('sequential', [], { blocks: 64 }));
    clock.time += 5_000;
    const nonce = await desk().take(word('randomRead', [], { blocks: 64 }));
    clock.time += 1_000;
    const read = (file: DriveFile) => {
      const { first, step } = workOf(crypto, { part: 'randomRead', nonce, lane: 0, file });
      return [{ every: 1, marks: [new Uint8Array(step(first))] }];
    };
    await desk().take(word('randomRead', read({ nonce: content, blocks: 64 }), { blocks: 64 }));
    // The time of the writing is none of the reads'.
    expect(await proofs()).toEqual({ randomRead: 1_000 });
    await sql`update benchmark_work set answered_at = null`;
    await desk().take(word('randomRead', read({ nonce, blocks: 64 }), { blocks: 64 }));
    expect(await proofs()).toEqual({ randomRead: 'wrong' });
    await expect(desk().take(word('sequential', read({ nonce, blocks: 64 })))).rejects.toMatchObject({
      code: 'bad_work',
    });
    await expect(desk().take(word('randomRead', read({ nonce, blocks: 64 })))).rejects.toMatchObject({
      code: 'bad_work',
    });
  });

  it('proves nothing before it was looked at', async () => {
    const nonce = await desk().take(word('hashVerify'));
    clock.time += 1_000;
    const none = new WorkCheck({ random: seededRandom('x'), clock: systemClock });
    none.check = async () => undefined;
    const isWaiting = () => store().isWaiting({ jobId, attempt: 1 });
    expect(await isWaiting()).toBe(false);
    await desk(none).take(word('hashVerify', [worked('hashVerify', nonce, { marks: 2, every: 5 })]));
    expect(await proofs()).toEqual({});
    expect(await isWaiting()).toBe(true);
    await store().judge({ jobId, attempt: 1, part: 'hashVerify' }, 'right');
    expect(await proofs()).toEqual({ hashVerify: 10_000 });
    expect(await isWaiting()).toBe(false);
  });

  it('that no step can begin with is wrong, and the next answer has its turn', async () => {
    const check = new WorkCheck({ random: seededRandom('keys'), clock: systemClock });
    // No private key of the curve.
    const marks = Array.from({ length: 64 }, () => new Uint8Array(32).fill(255));
    await desk(check).take(word('secp256k1'));
    const nonce = await desk(check).take(word('hashVerify'));
    clock.time += 1_000;
    await Promise.all([
      desk(check).take(word('secp256k1', [{ every: 1, marks }])),
      desk(check).take(word('hashVerify', [worked('hashVerify', nonce, { marks: 2, every: 5 })])),
    ]);
    expect(await proofs()).toEqual({ secp256k1: 'wrong', hashVerify: 10_000 });
  });

  it('is looked at by steps: a lane of one mark can claim more than all others', async () => {
    const nonce = await desk().take(word('cpuMulti'));
    const honest = worked('cpuMulti', nonce, { marks: 30, every: 1 });
    await desk().take(word('cpuMulti', [honest, { every: 300, marks: [nonce] }]));
    expect(await proofs()).toEqual({ cpuMulti: 'wrong' });
  });

  it('is none of another node, of a job that does not run, nor of what is no part', async () => {
    const refused = (body: Uint8Array, code: string) =>
      expect(desk().take(body)).rejects.toMatchObject({ code });
    await refused(
      word('hashVerify', [], { signer: nodeCrypto.signingKey(new Uint8Array(32).fill(5)) }),
      'not_found',
    );
    await refused(word('luck'), 'bad_work');
    await refused(new Uint8Array(10), 'not_found');
    // An answer before its question.
    await refused(word('hashVerify', [{ every: 1, marks: [new Uint8Array(32)] }]), 'not_found');
    await desk().take(word('hashVerify'));
    const lanes = [{ every: 1, marks: [new Uint8Array(32)] }];
    await refused(word('hashVerify', lanes, { answer: new Uint8Array(32).fill(1) }), 'bad_work');
    await refused(word('hashVerify', [{ every: 0, marks: [new Uint8Array(32)] }]), 'bad_work');
    await refused(word('hashVerify', [{ every: 1, marks: [] }]), 'bad_work');
    // Two threads would seem to be one that is twice as fast.
    await refused(word('hashVerify', [...lanes, ...lanes]), 'bad_work');
    await sql`update jobs set state = 'succeeded'`;
    await refused(word('hashVerify'), 'not_found');
    expect(await proofs()).toEqual({});
  });
});
