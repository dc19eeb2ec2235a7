import { fromBase64Url, type SigningKey, toHex } from '@stoa/protocol';
import { requestKey } from '@stoa/protocol/mint';
import { SignerError } from '#error.ts';

/** A transaction on its way between those who sign it, as wallets of the network and `stoa-hub mint contract` write it. */
export interface CommandFile {
  readonly cmd: string;
  readonly hash: string;
  readonly sigs: readonly { readonly pubKey: string; readonly sig: string | null }[];
}

/** What a command says, of what a person is to read. */
export interface CommandContent {
  readonly networkId: string;
  readonly chain: string;
  readonly code: string;
  readonly data: unknown;
  readonly sender: string;
  /** STOA at most. */
  readonly fee: number;
  /** Milliseconds since 1970: no block takes it after that. */
  readonly endsAt: number;
  readonly signers: readonly { readonly publicKey: string; readonly scope: readonly string[] | undefined }[];
}

export interface ReadCommand {
  readonly file: CommandFile;
  readonly content: CommandContent;
}

/** @throws SignerError `draft_refused` where it is no command, or not the one that its hash is of */
export function parseCommand(text: string, path: string): ReadCommand {
  const refused = (why: string, cause?: unknown) =>
    new SignerError('draft_refused', `${path} ${why}`, cause === undefined ? {} : { cause });
  try {
    const { cmd, hash, sigs } = JSON.parse(text) as CommandFile;
    const { networkId, payload, meta, signers } = JSON.parse(cmd);
    const content: CommandContent = {
      networkId: String(networkId),
      chain: String(meta.chainId),
      code: String(payload.exec.code),
      data: payload.exec.data ?? {},
      sender: String(meta.sender),
      fee: Number(meta.gasLimit) * Number(meta.gasPrice),
      endsAt: (Number(meta.creationTime) + Number(meta.ttl)) * 1_000,
      signers: signers.map((each: { pubKey: string; clist?: { name: string; args: unknown[] }[] }) => ({
        publicKey: String(each.pubKey),
        scope: each.clist?.map(({ name, args }) =>
          [name, ...args.map((arg) => JSON.stringify(arg))].join(' '),
        ),
      })),
    };
    if (hash !== requestKey(cmd))
      throw refused(`says that its hash is ${hash}, and it is ${requestKey(cmd)}`);
    const named = content.signers.map(({ publicKey }) => publicKey);
    if (sigs.map(({ pubKey }) => pubKey).join() !== named.join())
      throw refused('has signatures of others than it names as signers');
    return { file: { cmd, hash, sigs }, content };
  } catch (cause) {
    if (cause instanceof SignerError) throw cause;
    throw refused('is no unsigned command: { cmd, hash, sigs } is expected', cause);
  }
}

/**
 * Whether one person may sign these together: one change, on chains that are each named once, in time, with a part for the key.
 * @throws SignerError `draft_refused`
 */
export function requireOneChange(
  commands: readonly ReadCommand[],
  by: { readonly publicKey: string; readonly now: number },
): void {
  const [first] = commands;
  if (first === undefined) throw new SignerError('draft_refused', 'no command is there to sign');
  const changeOf = ({ networkId, code, data, signers, sender }: CommandContent) =>
    JSON.stringify([networkId, code, data, signers, sender]);
  const chains = new Set<string>();
  for (const { file, content } of commands) {
    const refused = (why: string) =>
      new SignerError('draft_refused', `nothing is signed: ${file.hash} of chain ${content.chain} ${why}`);
    if (changeOf(content) !== changeOf(first.content))
      throw refused(`says something else than ${first.file.hash} of chain ${first.content.chain}`);
    if (chains.has(content.chain)) throw refused('is the second one of that chain');
    chains.add(content.chain);
    if (content.endsAt <= by.now) throw refused(`ended at ${new Date(content.endsAt).toISOString()}`);
    if (!content.signers.some(({ publicKey }) => publicKey === by.publicKey))
      throw refused(`takes no signature of ${by.publicKey}`);
  }
}

/** The file with the signature in it; those of others stay. */
export function signCommand({ file }: ReadCommand, key: SigningKey): CommandFile {
  const publicKey = toHex(key.publicKey);
  const sig = toHex(key.sign(fromBase64Url(file.hash)));
  return { ...file, sigs: file.sigs.map((each) => (each.pubKey === publicKey ? { ...each, sig } : each)) };
}
