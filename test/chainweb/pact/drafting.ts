import type { Capability, SignedCommand } from './command.ts';
import type { PactKey } from './pact-key.ts';
import type { PactWorld } from './world.ts';

export interface CommandDraft {
  readonly key: PactKey;
  readonly code: string;
  readonly data?: object;
  /** Of the signature, beside the gas. Empty: it holds for everything. */
  readonly capabilities?: readonly { readonly name: string; readonly args: readonly unknown[] }[];
  readonly chain?: number;
  readonly sender?: string;
  readonly gasLimit?: number;
  readonly gasPrice?: number;
  /** Seconds since 1970. */
  readonly creationTime?: number;
  readonly ttl?: number;
  readonly nonce?: string;
  readonly networkId?: string;
  readonly chainId?: string;
}

const GAS: { name: string; args: Capability['args'] } = { name: 'coin.GAS', args: [] };

/** A command as clients write them: created half a minute before now, by an account named after its key. */
export function signCommand(
  { network, clock }: Pick<PactWorld, 'network' | 'clock'>,
  draft: CommandDraft,
): SignedCommand {
  const {
    key,
    code,
    data = {},
    capabilities,
    chain = 0,
    gasLimit = 2_500,
    gasPrice = 1e-8,
    ttl = 3_600,
  } = draft;
  const clist = capabilities === undefined ? {} : { clist: [GAS, ...capabilities] };
  return key.sign(
    JSON.stringify({
      networkId: draft.networkId ?? network.network.name,
      payload: { exec: { code, data } },
      signers: [{ pubKey: key.publicKey, ...clist }],
      meta: {
        creationTime: draft.creationTime ?? Math.floor(clock.now() / 1_000) - 30,
        ...{ ttl, gasLimit, gasPrice, chainId: draft.chainId ?? String(chain) },
        sender: draft.sender ?? accountOf(key),
      },
      nonce: draft.nonce ?? '',
    }),
  );
}

/** A transfer of coin to the account of a key, which is opened by it. */
export function signTransfer(
  world: Pick<PactWorld, 'network' | 'clock'>,
  {
    to,
    amount,
    ...draft
  }: Omit<CommandDraft, 'code' | 'data' | 'capabilities'> & { to: PactKey; amount: string },
): SignedCommand {
  const [from, receiver] = [draft.sender ?? accountOf(draft.key), accountOf(to)];
  return signCommand(world, {
    ...draft,
    code: `(coin.transfer-create "${from}" "${receiver}" (read-keyset "ks") ${amount})`,
    data: { ks: { pred: 'keys-all', keys: [to.publicKey] } },
    capabilities: [{ name: 'coin.TRANSFER', args: [from, receiver, { decimal: amount }] }],
  });
}

export function accountOf({ publicKey }: PactKey): string {
  return `k:${publicKey}`;
}
