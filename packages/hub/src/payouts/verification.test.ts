import { randomBytes } from 'node:crypto';
import { nodeCrypto } from '@stoa/protocol/node';
import { expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { accountIdOf, ChoiceStore } from './choice-store.ts';
import { GuardError } from './guard-lookup.ts';
import { ProofStore } from './proof-store.ts';
import { Verification } from './verification.ts';

const ANN = 'ann@x.example';
const ACCOUNT = `k:${'a1'.repeat(32)}`;

it('nobody is kept from proving by the tries of others; the chain is asked once at a time for each', async () => {
  await using database = await openTemporary();
  const { sql } = database;
  const clock = { now: () => 1_800_000_000_000 };
  const choices = new ChoiceStore({ sql, crypto: nodeCrypto, random: randomBytes });
  await choices.choose({ owner: ANN }, { account: ACCOUNT, fromHour: 1, setBy: ANN, setAt: 0 });
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const verification = new Verification({
    ...{ store: new ProofStore(sql), audit: new AuditLog({ sql, clock }), clock, random: randomBytes },
    guards: {
      knows: () => true,
      guardOf: async () => {
        await asked;
        throw new GuardError('chain_unreached', 'away', { retry: true });
      },
    },
    ...{ region: 'eu', verify: (publicKey) => nodeCrypto.verifier(publicKey) },
  });
  const accountId = accountIdOf(ACCOUNT, nodeCrypto);
  const challenge = (email: string) => verification.challenge(someViewer(email, 'operator'), accountId);
  for (let i = 0; i < 300; i += 1)
    await expect(challenge(`${i % 30}@x.example`)).rejects.toMatchObject({ status: 404 });
  await expect(challenge('0@x.example')).rejects.toMatchObject({ code: 'too_many_tries' });
  const { nonce } = await challenge(ANN);
  const prove = () => verification.prove(someViewer(ANN, 'operator'), { nonce, pasted: '00'.repeat(64) });
  const both = [prove(), prove()];
  await expect(Promise.race(both)).rejects.toMatchObject({ code: 'too_many_tries' });
  answer();
  const codes = (await Promise.allSettled(both)).map((one) => one.status === 'rejected' && one.reason.code);
  expect(new Set(codes)).toEqual(new Set(['too_many_tries', 'chain_unreached']));
  await expect(prove()).rejects.toMatchObject({ code: 'chain_unreached' });
}, 60_000);
