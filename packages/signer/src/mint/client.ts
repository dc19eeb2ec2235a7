import type { CommandSetting, MintAct, PlanOutline } from '@stoa/protocol/mint';
import { inProcessTransport } from '#client/in-process.ts';
import { callIn, type SignerTransport } from '#client/signer-client.ts';
import { type ConnectOptions, SocketTransport } from '#client/socket.ts';
import { SignerError } from '#error.ts';
import { MINT_DIALECT, type MintCalls } from '#mint/dialect.ts';
import type { SignedCommand, SigningGround } from '#mint/request.ts';
import type { MintSignerStatus } from '#mint/status.ts';
import type { Callee, MethodOf } from '#wire/dialect.ts';

/** What a hub may ask of the minter's signer. Every method rejects with a SignerError. */
export interface MintSignerClient {
  /**
   * Brings the plan of an epoch with its approvals, before anything of it is signed. Idempotent; deltas are left out.
   * @throws SignerError `mint_plan_unapproved`, `mint_plan_conflict`, `mint_outlier`, `mint_region_cap`, `mint_epoch_cap`.
   */
  plan(request: { plan: PlanOutline; approvals: readonly Uint8Array[] }): Promise<void>;
  /** Brings people's word that a day may see more new slots. @throws SignerError `mint_plan_unapproved`. */
  enrolments(request: { approvals: readonly Uint8Array[] }): Promise<void>;
  /**
   * Asked again for an act and attempt that it signed before it gives the same bytes, whatever the setting; so a call whose
   * answer was lost, also by a restart of the signer, is simply made again.
   * @throws SignerError `mint_…` where its policy refuses (see `MINT_REFUSALS`), `signer_unreachable`, `signer_timeout`.
   */
  sign(act: MintAct, setting: CommandSetting, ground: SigningGround): Promise<SignedCommand>;
  status(): Promise<MintSignerStatus>;
  /** Stops it until a person on its host lets it go on. */
  kill(reason: string): Promise<void>;
  close(): Promise<void>;
}

/** Connects at the first call and again after each loss. */
export function connectMintSigner(options: ConnectOptions): MintSignerClient {
  return createMintClient(new SocketTransport(options, MINT_DIALECT));
}

/** Of a service in this very process, for tests. Closing it leaves the service open. */
export function inProcessMintSigner(service: Callee<MintCalls>): MintSignerClient {
  return createMintClient(inProcessTransport(service));
}

function createMintClient(transport: SignerTransport): MintSignerClient {
  const call = <M extends MethodOf<MintCalls>>(
    method: M,
    request: MintCalls[M]['request'],
  ): Promise<MintCalls[M]['answer']> => callIn<MintCalls, M>(MINT_DIALECT, transport, method, request);
  const sign = (act: MintAct, setting: CommandSetting, ground: SigningGround): Promise<SignedCommand> => {
    const { leaseEpoch } = ground;
    if (act.kind === 'enrol') return call('enrol', { act, setting, leaseEpoch });
    const { plan } = ground;
    if (plan === undefined)
      throw new SignerError(
        'bad_request',
        `'${act.kind}' of epoch ${act.epoch} is asked for without its plan`,
      );
    switch (act.kind) {
      case 'open':
        return call('open', { act, setting, leaseEpoch, plan });
      case 'mint':
        return call('mint', { act, setting, leaseEpoch, plan });
      case 'close':
        return call('close', { act, setting, leaseEpoch, plan });
    }
  };
  return {
    async plan(request) {
      await call('plan', request);
    },
    async enrolments(request) {
      await call('enrolments', request);
    },
    sign: async (act, setting, ground) => sign(act, setting, ground),
    status: () => call('status', {}),
    async kill(reason) {
      await call('kill', { reason });
    },
    close: () => transport.close(),
  };
}
