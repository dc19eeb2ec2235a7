import { canonicalize } from '@tufjs/canonical-json';
import {
  Metadata,
  MetadataKind,
  type Root,
  Signature,
  type Snapshot,
  type Targets,
  type Timestamp,
} from '@tufjs/models';
import { equalBytes, fromHex, toHex, utf8 } from '../bytes.ts';
import { nodeCrypto } from '../crypto/node.ts';
import type { SigningKey } from '../crypto/suite.ts';
import { ReleaseError } from './error.ts';
import { formatJson, parseJson } from './json.ts';
import { keyId, type RoleKey } from './key.ts';

export const ROLE_NAMES = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];
export type Body = Root | Targets | Snapshot | Timestamp;

/** Bytes of a file, at most: who downloads stops there ("endless data"). */
export const METADATA_BYTES: Readonly<Record<RoleName, number>> = {
  root: 64 * 1024,
  targets: 512 * 1024,
  snapshot: 16 * 1024,
  timestamp: 16 * 1024,
};

/** TUF versions fit a u32 with room: what is higher was made to wear the counter out. */
export const MAX_METADATA_VERSION: number = 2 ** 31 - 1;
const MAX_SIGNATURES = 16;
const EXPIRES = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const SIGNATURE = /^[0-9a-f]{128}$/;

/** A signature as it travels between the holders and who combines. */
export interface MetadataSignature {
  readonly keyId: string;
  /** Hex. */
  readonly signature: string;
}

/**
 * Reads one file, and only in the form that `formatMetadata` writes: one content has one form, so no byte of a file can
 * change unseen. Fields unknown to this version are kept, since they are signed.
 * @throws ReleaseError `malformed`, `too_large`.
 */
export function parseMetadata(role: 'root', bytes: Uint8Array): Metadata<Root>;
export function parseMetadata(role: 'targets', bytes: Uint8Array): Metadata<Targets>;
export function parseMetadata(role: 'snapshot', bytes: Uint8Array): Metadata<Snapshot>;
export function parseMetadata(role: 'timestamp', bytes: Uint8Array): Metadata<Timestamp>;
export function parseMetadata(role: RoleName, bytes: Uint8Array): Metadata<Body> {
  const limit = METADATA_BYTES[role];
  if (bytes.length > limit)
    throw new ReleaseError('too_large', `${role} metadata of ${bytes.length} bytes (at most ${limit})`);
  let metadata: Metadata<Body>;
  let sound: boolean;
  try {
    metadata = read(role, bytes);
    sound = isSound(metadata) && equalBytes(formatMetadata(metadata), bytes);
  } catch (cause) {
    throw malformed(role, cause);
  }
  if (!sound) throw malformed(role);
  return metadata;
}

function read(role: RoleName, bytes: Uint8Array): Metadata<Body> {
  const json = parseJson(bytes) as Parameters<typeof Metadata.fromJSON>[1];
  if (role === 'root') return Metadata.fromJSON(MetadataKind.Root, json);
  if (role === 'targets') return Metadata.fromJSON(MetadataKind.Targets, json);
  if (role === 'snapshot') return Metadata.fromJSON(MetadataKind.Snapshot, json);
  return Metadata.fromJSON(MetadataKind.Timestamp, json);
}

function isSound({ signed, signatures: byKey }: Metadata<Body>): boolean {
  const signatures = Object.values(byKey);
  const { version, expires } = signed;
  return (
    signatures.length <= MAX_SIGNATURES &&
    signatures.every(({ sig }) => SIGNATURE.test(sig)) &&
    Number.isSafeInteger(version) &&
    version >= 1 &&
    version <= MAX_METADATA_VERSION &&
    EXPIRES.test(expires)
  );
}

/** What a file says it is, nothing of it judged. @throws ReleaseError `malformed`. */
export function peekRole(bytes: Uint8Array): RoleName {
  const start = new TextDecoder().decode(bytes.subarray(0, METADATA_BYTES.targets));
  const role = ROLE_NAMES.find((name) => start.includes(`"_type":"${name}"`));
  if (role === undefined)
    throw new ReleaseError('malformed', 'this is no metadata of releases: it names none of their roles');
  return role;
}

function malformed(role: RoleName, cause?: unknown): ReleaseError {
  return new ReleaseError(
    'malformed',
    `this is no ${role} metadata as a signer or a hub writes it: fetch it again`,
    cause === undefined ? undefined : { cause },
  );
}

export function formatMetadata(metadata: Metadata<Body>): Uint8Array {
  return formatJson(metadata.toJSON());
}

/** What signatures are made of: the canonical JSON of the signed part. */
export function signedBytes(body: Body): Uint8Array {
  return utf8(canonicalize(body.toJSON()));
}

/** The file without signatures: what holders pass on and sign. */
export function formatUnsigned(body: Body): Uint8Array {
  return formatMetadata(new Metadata(body));
}

export function signBody(body: Body, key: SigningKey): MetadataSignature {
  return { keyId: keyId(key.publicKey), signature: toHex(key.sign(signedBytes(body))) };
}

/** The file with these signatures and no others. */
export function withSignatures<T extends Body>(
  body: T,
  signatures: readonly MetadataSignature[],
): Metadata<T> {
  const byKey = signatures.map(({ keyId: id, signature }) => [
    id,
    new Signature({ keyID: id, sig: signature }),
  ]);
  return new Metadata(body, Object.fromEntries(byKey) as Record<string, Signature>);
}

/**
 * Ids of the keys whose signature holds, each once however often it stands there.
 * @throws ReleaseError `not_signed` where they are fewer than the threshold, or where a key of the role signed something else.
 */
export function requireSignatures(
  metadata: Metadata<Body>,
  role: { readonly name: RoleName; readonly keys: readonly RoleKey[]; readonly threshold: number },
  message: Uint8Array = signedBytes(metadata.signed),
): string[] {
  const signed = new Set<string>();
  for (const { id, publicKey, holder } of role.keys) {
    const signature = metadata.signatures[id];
    if (signature === undefined) continue;
    if (!nodeCrypto.verify(publicKey, message, fromHex(signature.sig)))
      throw new ReleaseError(
        'not_signed',
        `the signature of ${holder} does not hold for this ${role.name} metadata`,
      );
    signed.add(id);
  }
  if (signed.size < role.threshold)
    throw new ReleaseError(
      'not_signed',
      `the ${role.name} metadata is signed by ${signed.size} of its keys, ${role.threshold} are needed`,
    );
  return [...signed];
}

/** @param at ms since 1970; undefined where freshness is not judged. @throws ReleaseError `expired`. */
export function requireFresh(role: RoleName, { expires, version }: Body, at: number | undefined): void {
  if (at !== undefined && at >= Date.parse(expires))
    throw new ReleaseError(
      'expired',
      `the ${role} metadata ${version} ended at ${expires}: no update by it, and what runs goes on`,
    );
}

/** @param at ms since 1970. Whole seconds, as TUF has it. */
export function formatExpiry(at: number): string {
  return `${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
