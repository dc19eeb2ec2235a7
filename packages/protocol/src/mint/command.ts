import { blake2b } from '@noble/hashes/blake2.js';
import { toBase64Url, utf8 } from '../bytes.ts';
import { MintError } from './error.ts';

/** What one transaction of the mint does; each is its own function and capability of the contract. */
export type MintAct =
  | {
      readonly kind: 'open';
      readonly epoch: number;
      /** Whole points that the epoch may mint on this chain. */
      readonly cap: number;
      /** Buckets; batch i fills [bounds[i], bounds[i + 1]). `[0]`: nobody earned, and the epoch is opened closed. */
      readonly bounds: readonly number[];
      /** Of the chain's plan. */
      readonly digest: string;
    }
  | {
      readonly kind: 'mint';
      readonly epoch: number;
      readonly batch: number;
      /** The literal of `deltasText`. */
      readonly deltas: string;
      readonly sum: number;
      readonly digest: string;
    }
  /** Of an epoch that is given up: what is not minted of it by then never is. The last batch closes an epoch by itself. */
  | {
      readonly kind: 'close';
      readonly epoch: number;
      /** Whole points that were minted by then. */
      readonly total: number;
    }
  | {
      readonly kind: 'enrol';
      /** The slot of the first account: the chain's counter. */
      readonly first: number;
      readonly accounts: readonly string[];
      readonly digest: string;
    };

/** Where and by whom an act is done. */
export interface CommandSetting {
  readonly networkId: string;
  /** The principal namespace, `n_` and 40 hex digits. */
  readonly namespace: string;
  readonly module: string;
  /** Pinned in the code: base64url, 43 characters. */
  readonly moduleHash: string;
  /** The account that pays, and its key in hex, which signs. */
  readonly sender: string;
  readonly publicKey: string;
  readonly chain: number;
  /** STOA, at most 12 decimals. */
  readonly gasPrice: number;
  readonly gasLimit: number;
  /** Unix seconds. */
  readonly creationTime: number;
  /** Seconds. */
  readonly ttl: number;
  /** 0 for the first. */
  readonly attempt: number;
}

/** The widest setting that `commandText` takes, by which plans count bytes: no real command is longer than planned. */
export const WIDEST_SETTING: CommandSetting = {
  networkId: 'n'.repeat(16),
  namespace: `n_${'0'.repeat(40)}`,
  module: 'm'.repeat(32),
  moduleHash: '0'.repeat(43),
  sender: `k:${'0'.repeat(64)}`,
  publicKey: '0'.repeat(64),
  chain: 9,
  gasPrice: 0.123_456_789_012,
  gasLimit: 1_500_000,
  creationTime: 9_999_999_999,
  ttl: 9_999,
  attempt: 99,
};

const NAME = /^[A-Za-z_][\w-]*$/;
const DIGEST = /^[\w-]{43}$/;

/** What each text of a setting looks like. Namespace, module and hash stand in code, so that nothing may leave its place. */
const TEXTS = {
  networkId: /^[\w.-]+$/,
  namespace: NAME,
  module: NAME,
  moduleHash: DIGEST,
  sender: /^[!-~]+$/,
  publicKey: /^[0-9a-f]{64}$/,
} as const satisfies Partial<Record<keyof CommandSetting, RegExp>>;

const COUNTS = ['chain', 'gasLimit', 'creationTime', 'ttl', 'attempt'] as const;

/** @throws MintError `bad_setting` where a field is not of its form, or wider than plans reckon with. */
function requireSetting(setting: CommandSetting): void {
  const bad = (field: keyof CommandSetting, expected: string) =>
    new MintError('bad_setting', `${field} is ${JSON.stringify(setting[field])}: ${expected} is expected`);
  for (const field of Object.keys(TEXTS) as (keyof typeof TEXTS)[]) {
    const most = WIDEST_SETTING[field].length;
    if (!TEXTS[field].test(setting[field]) || JSON.stringify(setting[field]).length - 2 > most)
      throw bad(field, `${TEXTS[field].source} of at most ${most} characters`);
  }
  for (const field of COUNTS)
    if (!isCount(setting[field]) || setting[field] > WIDEST_SETTING[field])
      throw bad(field, `a whole number of at most ${WIDEST_SETTING[field]}`);
  const { gasPrice } = setting;
  // Nodes refuse a price of more than 12 decimals.
  if (!(gasPrice > 0 && gasPrice < 1 && Number(gasPrice.toFixed(12)) === gasPrice))
    throw bad('gasPrice', 'a price between 0 and 1 STOA of at most 12 decimals');
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

interface Capability {
  readonly name: string;
  readonly args: readonly (string | { readonly int: string })[];
}

interface Call {
  /** The capability to which the signature is scoped; without its module. */
  readonly capability: Capability;
  readonly code: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** What names the act among those of one chain. */
  readonly nonce: string;
}

const int = (value: number) => ({ int: String(value) });

function callOf(act: MintAct): Call {
  switch (act.kind) {
    case 'open': {
      const { epoch, cap, bounds, digest } = act;
      requireCounts(act.kind, [epoch, cap, ...bounds]);
      return {
        capability: { name: 'OPEN', args: [int(epoch), int(cap), requireDigest(digest)] },
        code: `(open-epoch ${epoch} ${cap} [${bounds.join(' ')}] "${digest}")`,
        nonce: `${epoch}:open`,
      };
    }
    case 'mint': {
      const { epoch, batch, deltas, sum, digest } = act;
      requireCounts(act.kind, [epoch, batch, sum]);
      if (!/^[[\]\d ]*$/.test(deltas))
        throw new MintError('bad_act', 'the deltas have other characters than digits, brackets and spaces');
      return {
        capability: { name: 'MINT', args: [int(epoch), int(batch), int(sum), requireDigest(digest)] },
        code: `(update-registers ${epoch} ${batch} ${deltas} ${sum} "${digest}")`,
        nonce: `${epoch}:${batch}`,
      };
    }
    case 'close': {
      const { epoch, total } = act;
      requireCounts(act.kind, [epoch, total]);
      return {
        capability: { name: 'CLOSE', args: [int(epoch), int(total)] },
        code: `(close-epoch ${epoch} ${total})`,
        nonce: `${epoch}:close`,
      };
    }
    case 'enrol': {
      const { first, accounts, digest } = act;
      requireCounts(act.kind, [first]);
      if (!accounts.every((account) => account !== '' && account.isWellFormed()))
        throw new MintError('bad_act', 'an account without a name, or with half a character in it');
      return {
        capability: { name: 'ENROL', args: [int(first), int(accounts.length), requireDigest(digest)] },
        code: `(enrol ${first} (read-msg "accounts") "${digest}")`,
        // Names are data: a Pact string literal would need an escaping of its own.
        data: { accounts },
        nonce: `enrol:${first}`,
      };
    }
  }
}

function requireCounts(kind: MintAct['kind'], values: readonly number[]): void {
  const wrong = values.find((value) => !isCount(value));
  if (wrong !== undefined)
    throw new MintError('bad_act', `'${kind}' with ${wrong}: whole numbers of 0 or more are expected`);
}

function requireDigest(digest: string): string {
  if (DIGEST.test(digest)) return digest;
  throw new MintError('bad_act', `'${digest.slice(0, 60)}' is no digest: SHA-256 in base64url is expected`);
}

/**
 * The `cmd` of the transaction: what is hashed, signed and sent. The same act and setting give the same bytes.
 * @throws MintError `bad_setting` | `bad_act`
 */
export function commandText(act: MintAct, setting: CommandSetting): string {
  requireSetting(setting);
  const { namespace, module, moduleHash, chain, attempt } = setting;
  const { capability, code, data = {}, nonce } = callOf(act);
  const name = `${namespace}.${module}`;
  const [day, part] = nonce.split(':');
  return JSON.stringify({
    payload: { exec: { code: `(use ${name} "${moduleHash}")${code}`, data } },
    nonce: `stoicism:${day}:${chain}:${part}:${attempt}`,
    signers: [
      {
        pubKey: setting.publicKey,
        scheme: 'ED25519',
        clist: [
          { name: 'coin.GAS', args: [] },
          { name: `${name}.${capability.name}`, args: capability.args },
        ],
      },
    ],
    meta: {
      gasLimit: setting.gasLimit,
      gasPrice: setting.gasPrice,
      sender: setting.sender,
      ttl: setting.ttl,
      creationTime: setting.creationTime,
      chainId: String(chain),
    },
    networkId: setting.networkId,
  });
}

/** The name of a transaction on its chain: BLAKE2b-256 of the `cmd`'s UTF-8, base64url; signatures are over its bytes. */
export function requestKey(cmd: string): string {
  return toBase64Url(blake2b(utf8(cmd), { dkLen: 32 }));
}
