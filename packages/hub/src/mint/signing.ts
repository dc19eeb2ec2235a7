import { fromHex } from '@stoa/protocol';
import {
  type CommandSetting,
  commandText,
  MINT_LIMITS,
  type MintAct,
  type MintLimits,
  requestKey,
} from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { Attempt, Batch, Signed } from './batch-store.ts';
import type { ChainView } from './chain-view.ts';
import type { CheckedPlans } from './checked-plans.ts';
import { MintFault } from './error.ts';
import { preflighted } from './preflight.ts';
import { balanceCode, balanceOf, type Contract, call } from './register-reads.ts';
import type { MintSigner, SignedCommand, SigningGround } from './signer.ts';

/** What every transaction of the mint has in common. */
export type MintTerms = Pick<
  CommandSetting,
  'networkId' | 'namespace' | 'module' | 'moduleHash' | 'sender' | 'publicKey' | 'gasPrice' | 'ttl'
>;

export interface SigningDeps {
  readonly terms: MintTerms;
  readonly signer: MintSigner;
  readonly plans: CheckedPlans;
  readonly approvals: ApprovalStore;
  readonly view: ChainView;
  readonly limits?: MintLimits;
  readonly clock: Pick<Clock, 'now'>;
}

/** Nodes refuse what is younger than their newest block by 95 s, and what is younger than themselves. */
const OLDER_SECONDS = 30;

const meta = z.object({
  meta: z.object({
    creationTime: z.number(),
    ttl: z.number(),
    gasPrice: z.number(),
    gasLimit: z.number(),
  }),
});

export function contractOf({ namespace, module, moduleHash }: MintTerms): Contract {
  return { module: `${namespace}.${module}`, hash: moduleHash };
}

/** Gets an act signed: by the chain's time, with gas in its account, and only what was asked for. */
export class Signing {
  readonly #deps: SigningDeps;
  readonly #presented = new Set<number>();

  constructor(deps: SigningDeps) {
    this.#deps = deps;
  }

  /** @throws MintFault; what the signer refuses with */
  async sign(batch: Batch, { act, leaseEpoch }: { act: MintAct; leaseEpoch: number }): Promise<Signed> {
    const { signer, view, limits = MINT_LIMITS } = this.#deps;
    const { asked, balance } = await this.#setting(batch);
    const { gas, gasLimit } = await preflighted(act, asked, { view, limits, balance });
    const setting = { ...asked, gasLimit };
    const plan = batch.kind === 'enrol' ? undefined : await this.#present(batch.epoch);
    const command = await signer.sign(act, setting, { plan, leaseEpoch }).catch((error: unknown) => {
      // More approvers may have come since: the next try brings their words.
      this.#presented.delete(batch.epoch);
      throw error;
    });
    return { attempt: batch.attempt, command, preflightGas: gas, ...this.#check(command, act, setting) };
  }

  /** A signer that was started anew is told again by the next process that leads, or by its own journal. */
  async #present(epoch: number): Promise<SigningGround['plan']> {
    const { signer, plans, approvals } = this.#deps;
    const plan = await plans.get(epoch);
    if (!this.#presented.has(epoch)) {
      await signer.plan({ plan, approvals: await approvals.of(epoch) });
      this.#presented.add(epoch);
    }
    return { epoch, hash: plan.hash };
  }

  async #setting({ chain, gasLimit, attempt }: Batch): Promise<{ asked: CommandSetting; balance: number }> {
    const { terms, view, clock } = this.#deps;
    const head = call(contractOf(terms), 'enrolled', []);
    const [blockTime, balance] = await Promise.all([
      view.reached(chain, head, (read) => read.blockTime),
      view.reached(chain, balanceCode(terms.sender), ({ data }) => balanceOf(data)),
    ]);
    const oldest = Math.min(Math.floor(clock.now() / 1_000), blockTime);
    const needed = gasLimit * terms.gasPrice;
    if (balance < needed)
      throw new MintFault(
        'gas_account',
        `chain ${chain}: ${terms.sender} has ${balance} STOA, ${needed} are needed for the next transaction: top it up`,
      );
    const asked = { ...terms, chain, gasLimit, attempt, creationTime: oldest - OLDER_SECONDS };
    return { asked, balance };
  }

  /** An attempt that was signed before comes with the time of then; all else is as it was asked for. */
  #check(
    { cmd, hash, sigs }: SignedCommand,
    act: MintAct,
    setting: CommandSetting,
  ): Pick<Attempt, 'gasPrice' | 'gasLimit' | 'expiresAt'> {
    const wrong = (what: string) =>
      new MintFault(
        'wrong_signature',
        `the signer signed ${what} for ${act.kind} on chain ${setting.chain}: nothing is sent`,
      );
    const { creationTime, ttl, gasPrice, gasLimit } = meta.parse(JSON.parse(cmd)).meta;
    if (commandText(act, { ...setting, creationTime, ttl, gasPrice, gasLimit }) !== cmd)
      throw wrong('another command');
    if (requestKey(cmd) !== hash) throw wrong(`a command under request key ${hash}`);
    const [only] = sigs;
    const message = Buffer.from(hash, 'base64url');
    if (sigs.length !== 1 || !isSignedBy(setting.publicKey, message, only!.sig))
      throw wrong(`with another key than ${setting.publicKey}`);
    return { gasPrice, gasLimit, expiresAt: creationTime + ttl };
  }
}

function isSignedBy(publicKey: string, message: Uint8Array, signature: string): boolean {
  return (
    /^[0-9a-f]{128}$/.test(signature) && nodeCrypto.verifier(fromHex(publicKey))(message, fromHex(signature))
  );
}
