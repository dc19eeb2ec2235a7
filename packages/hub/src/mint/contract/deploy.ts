import { MINT_CHAINS, requestKey } from '@stoa/protocol/mint';
import { MintFault } from '../error.ts';
import { type ContractKeys, type Keyset, requireKeys, requireSigners, sameKeyset } from './keysets.ts';

/** What holders of governance change. Each is one transaction a chain. */
export type ContractChange =
  /** Namespace, keyset, module, tables, minter: of a chain that has none of it. */
  | { readonly kind: 'deploy'; readonly module: string }
  /** The module anew, over tables that stay. */
  | { readonly kind: 'upgrade'; readonly module: string }
  | { readonly kind: 'rotate-minter'; readonly minter: string }
  /** The former keyset signs, and the new one with it. */
  | { readonly kind: 'rotate-gov'; readonly gov: Keyset };

/** Where the contract is, and who pays for its changes. */
export interface ContractPlace extends ContractKeys {
  readonly networkId: string;
  /** The principal namespace of the first governance: `n_` and 40 hex digits. */
  readonly namespace: string;
  readonly payer: { readonly account: string; readonly publicKey: string };
}

export interface ChangeSetting {
  readonly chain: number;
  /** Keys of governance that sign this time. */
  readonly signers: readonly string[];
  readonly gasPrice: number;
  /** Unix seconds; a signature that holders take days for ends with it. */
  readonly creationTime: number;
  readonly ttl: number;
}

/** A transaction as wallets and the network's tools take it for signing. */
export interface UnsignedCommand {
  readonly cmd: string;
  readonly hash: string;
  readonly sigs: readonly { readonly pubKey: string; readonly sig: null }[];
}

export const MODULE = 'register';
const TABLES = ['epochs', 'batches', 'buckets', 'slots', 'accounts', 'enrolments', 'settings', 'counter'];
/** In the text of the module, where a namespace stands in for the real one. */
const KEYSET = '"stoic.gov"';
/** A module is 60,000 however small, and ten tables 2,500. */
const GAS_LIMIT = { deploy: 150_000, upgrade: 150_000, 'rotate-minter': 2_000, 'rotate-gov': 2_000 } as const;

/** The module as it stands in a namespace. @param source of register.pact. @throws MintFault `bad_contract` */
export function moduleText(source: string, namespace: string): string {
  if (!/^n_[0-9a-f]{40}$/.test(namespace))
    throw new MintFault(
      'bad_contract',
      `'${namespace}' is no principal namespace: n_ and 40 hex digits are expected`,
    );
  const text = source.replaceAll(KEYSET, `"${namespace}.gov"`);
  if (text.includes('stoic.') || text === source)
    throw new MintFault('bad_contract', `the text of the module does not name its keyset as ${KEYSET} alone`);
  return text;
}

/** @throws MintFault `bad_keys` | `bad_contract` */
export function changeCommand(
  change: ContractChange,
  place: ContractPlace,
  setting: ChangeSetting,
): UnsignedCommand {
  requireKeys(place);
  requireSigners(place.gov, setting.signers);
  const { code, data, scope, others = [] } = contentOf(change, place);
  const governors = new Set([...setting.signers, ...others]);
  const signers = [...new Set([...governors, place.payer.publicKey])].map((pubKey) => {
    const pays = pubKey === place.payer.publicKey ? [GAS] : [];
    // Without a list a signature holds for everything, which the namespace and the module's governance need.
    const isUnscoped = governors.has(pubKey) && scope === undefined;
    const clist = [...(governors.has(pubKey) && scope !== undefined ? [scope] : []), ...pays];
    return { pubKey, scheme: 'ED25519', ...(isUnscoped ? {} : { clist }) };
  });
  const { chain, gasPrice, creationTime, ttl } = setting;
  const gasLimit = GAS_LIMIT[change.kind];
  const cmd = JSON.stringify({
    payload: { exec: { code, data } },
    nonce: `stoicism:contract:${change.kind}:${chain}:${creationTime}`,
    signers,
    meta: { gasLimit, gasPrice, sender: place.payer.account, ttl, creationTime, chainId: String(chain) },
    networkId: place.networkId,
  });
  return { cmd, hash: requestKey(cmd), sigs: signers.map(({ pubKey }) => ({ pubKey, sig: null })) };
}

interface Capability {
  readonly name: string;
  readonly args: readonly string[];
}

interface Content {
  readonly code: string;
  readonly data: Readonly<Record<string, Keyset>>;
  /** What signatures of governance are for, where it is not everything. */
  readonly scope?: Capability;
  /** Who signs beside them. */
  readonly others?: readonly string[];
}

const GAS: Capability = { name: 'coin.GAS', args: [] };

function contentOf(change: ContractChange, place: ContractPlace): Content {
  const { namespace, gov } = place;
  const module = `${namespace}.${MODULE}`;
  const keyset = `"${namespace}.gov"`;
  const within = `(namespace "${namespace}")`;
  switch (change.kind) {
    case 'deploy':
      return {
        code: [
          `(enforce (= "${namespace}" (ns.create-principal-namespace (read-keyset "gov"))) "namespace of another keyset")`,
          `(define-namespace "${namespace}" (read-keyset "gov") (read-keyset "gov"))`,
          within,
          `(define-keyset ${keyset} (read-keyset "gov"))`,
          // From here on whoever governs uses the namespace too: its first keyset could otherwise not be rotated.
          `(define-namespace "${namespace}" (keyset-ref-guard ${keyset}) (read-keyset "gov"))`,
          moduleText(change.module, namespace),
          ...TABLES.map((table) => `(create-table ${module}.${table})`),
          `(${module}.rotate-minter (read-keyset "minter"))`,
        ].join('\n'),
        data: { gov, minter: oneKey(place.minter) },
      };
    case 'upgrade':
      return { code: `${within}\n${moduleText(change.module, namespace)}`, data: {} };
    case 'rotate-minter':
      requireKeys({ gov, minter: change.minter });
      return {
        code: `(${module}.rotate-minter (read-keyset "minter"))`,
        data: { minter: oneKey(change.minter) },
        scope: { name: `${module}.ROTATE`, args: [`k:${change.minter}`] },
      };
    case 'rotate-gov':
      requireKeys({ gov: change.gov, minter: place.minter });
      return {
        // That the new keys can sign is shown before nobody else can.
        code: `${within}\n(enforce-guard (read-keyset "gov"))\n(define-keyset ${keyset} (read-keyset "gov"))`,
        data: { gov: change.gov },
        others: change.gov.keys,
      };
  }
}

function oneKey(key: string): Keyset {
  return { keys: [key], pred: 'keys-all' };
}

/** What a chain has of the contract. */
export interface Deployed {
  readonly chain: number;
  readonly hash: string;
  readonly gov: Keyset;
  readonly minter: Keyset;
}

/** Reads it, in one call: `[module, gov, minter]`. */
export function deployedCode(namespace: string): string {
  const module = `${namespace}.${MODULE}`;
  return `[(describe-module "${module}") (describe-keyset "${namespace}.gov") (${module}.minter)]`;
}

/**
 * Ten chains with one module and the keys that are planned: else a mint that pins the hash stops on some of them, or somebody
 * else governs one. @returns the hash. @throws MintFault `wrong_contract`, with chain and difference named.
 */
export function requireDeployed(chains: readonly Deployed[], { gov, minter }: ContractKeys): string {
  const [first] = chains;
  const numbers = chains.map(({ chain }) => chain).toSorted((a, b) => a - b);
  if (
    first === undefined ||
    numbers.join() !== Array.from({ length: MINT_CHAINS }, (_, chain) => chain).join()
  )
    throw new MintFault(
      'wrong_contract',
      `chains ${numbers} were read: each of 0 to ${MINT_CHAINS - 1} once is expected`,
    );
  for (const found of chains) {
    const wrong = (what: string) => new MintFault('wrong_contract', `chain ${found.chain} has ${what}`);
    if (found.hash !== first.hash)
      throw wrong(
        `the module ${found.hash}, and chain ${first.chain} has ${first.hash}: deploy the same text on both`,
      );
    if (!sameKeyset(found.gov, gov))
      throw wrong(`governance ${told(found.gov)}, and ${told(gov)} is planned: find out who set it`);
    if (!sameKeyset(found.minter, oneKey(minter)))
      throw wrong(`the minter ${told(found.minter)}, and ${told(oneKey(minter))} is planned: rotate it`);
  }
  return first.hash;
}

function told({ keys, pred }: Keyset): string {
  return `${pred} of ${keys.length} [${keys.map((key) => key.slice(0, 8)).join(' ')}]`;
}
