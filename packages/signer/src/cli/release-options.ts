import { fromHex, isStrongPublicKey } from '@stoa/protocol';
import { isHolder, isVersion, type Version } from '@stoa/protocol/release';
import { type CliContext, UsageError } from '#cli/context.ts';
import { SignerError } from '#error.ts';
import type { NamedKey, OnlineKeys } from '#releases/root-draft.ts';

const DAY_MS = 24 * 3_600_000;
const MAX_DAYS = 3_660;

/** @throws UsageError */
export function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS)
    throw new UsageError(`--days is '${text}' (expected 1 to ${MAX_DAYS})`);
  return days * DAY_MS;
}

/** @throws UsageError */
export function parseVersion(option: string, text: string | undefined): Version | undefined {
  if (text === undefined || isVersion(text)) return text;
  throw new UsageError(`${option} is '${text}' (expected a version like 1.2.3)`);
}

/** `alice=HEX`. @throws UsageError */
export function parseNamedKey(option: string, text: string): NamedKey {
  const [, holder = '', hex = ''] = /^([^=:]+)=([0-9a-fA-F]+)$/.exec(text) ?? [];
  if (!isHolder(holder))
    throw new UsageError(
      `${option} is '${text}' (expected NAME=PUBLICKEY; the name of a-z, 0-9 and . @ _ -, the key in 64 hex digits)`,
    );
  return { holder, publicKey: parsePublicKey(option, hex) };
}

/** `alice=dave:HEX`: who leaves, who comes, and the key of who comes. @throws UsageError */
export function parseReplacement(option: string, text: string): { leaves: string; comes: NamedKey } {
  const [, leaves, holder, hex] = /^([^=:]+)=([^=:]+):([0-9a-fA-F]+)$/.exec(text) ?? [];
  if (leaves === undefined || holder === undefined || hex === undefined)
    throw new UsageError(
      `${option} is '${text}' (expected WHO-LEAVES=WHO-COMES:PUBLICKEY; for a new key of the same holder, the same name twice)`,
    );
  return { leaves, comes: parseNamedKey(option, `${holder}=${hex}`) };
}

/** @throws UsageError */
export function parseOnline(options: { snapshot?: string; timestamp?: string }): OnlineKeys {
  const { snapshot, timestamp } = options;
  return {
    ...(snapshot === undefined ? {} : { snapshot: parsePublicKey('--snapshot', snapshot) }),
    ...(timestamp === undefined ? {} : { timestamp: parsePublicKey('--timestamp', timestamp) }),
  };
}

function parsePublicKey(option: string, text: string): Uint8Array {
  const hex = text.toLowerCase();
  const key = /^[0-9a-f]{64}$/.test(hex) ? fromHex(hex) : undefined;
  if (key === undefined || !isStrongPublicKey(key))
    throw new UsageError(`${option} is '${text}' (expected an Ed25519 public key in 64 hex digits)`);
  return key;
}

/** A public file that keeps its content: what was handed on is never another. @throws SignerError `bad_argument`. */
export async function writeOnce(
  { disk }: CliContext,
  path: string,
  bytes: Uint8Array | string,
): Promise<void> {
  if ((await disk.stat(path)) !== undefined && !Buffer.from(bytes).equals(await disk.readFile(path)))
    throw new SignerError(
      'bad_argument',
      `${path} holds something else already: take another place, or remove it if it was handed to nobody`,
    );
  await disk.writeAtomic(path, bytes, 0o644);
}
