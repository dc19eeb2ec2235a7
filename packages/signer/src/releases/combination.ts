import {
  formatMetadata,
  type MetadataSignature,
  parseMetadata,
  type RoleKey,
  type TrustedRoot,
  verifyRoots,
  verifyTargets,
  withSignatures,
} from '@stoa/protocol/release';
import { SignerError } from '#error.ts';
import type { Draft } from '#releases/draft.ts';
import type { RootChain } from '#releases/metadata-files.ts';

/** A holder's signature on its way to who combines: text, nothing in it is secret. */
export interface SignatureFile extends MetadataSignature {
  readonly role: 'root' | 'targets';
  readonly version: number;
  /** Of the signed part: which draft it belongs to. */
  readonly sha256: string;
}

export function formatSignature({ role, version, sha256, keyId, signature }: SignatureFile): string {
  return `${JSON.stringify({ role, version, sha256, keyId, signature }, undefined, 2)}\n`;
}

/** @throws SignerError `signature_refused`. */
export function parseSignature(bytes: Uint8Array, path: string): SignatureFile {
  const malformed = (cause?: unknown) =>
    new SignerError('signature_refused', `${path} is no signature as 'signer release sign' writes it`, {
      cause,
    });
  let value: Partial<Record<keyof SignatureFile, unknown>> | null;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw malformed(cause);
  }
  const { role, version, sha256, keyId, signature } = { ...value };
  const hex = (text: unknown, digits: number): text is string =>
    typeof text === 'string' && text.length === digits && /^[0-9a-f]*$/.test(text);
  if (role !== 'root' && role !== 'targets') throw malformed();
  if (typeof version !== 'number' || !hex(sha256, 64) || !hex(keyId, 64) || !hex(signature, 128))
    throw malformed();
  return { role, version, sha256, keyId, signature };
}

/**
 * Draft and signatures as one file, which is verified as a node verifies it.
 * @throws SignerError `signature_refused`; ReleaseError `not_signed` where more signatures are needed.
 */
export function combine(
  draft: Draft,
  signatures: readonly SignatureFile[],
  by: { roots: RootChain; now: number },
): Uint8Array {
  const { newest } = by.roots;
  const keys = signingKeys(draft, newest);
  const seen = new Set<string>();
  for (const file of signatures) {
    const holder = keys.find(({ id }) => id === file.keyId)?.holder;
    if (file.role !== draft.role || file.sha256 !== draft.content.sha256)
      refuse(
        `the signature of ${holder ?? file.keyId} is of another draft: ${file.role} ${file.version}, hash ${file.sha256}`,
      );
    if (holder === undefined)
      refuse(`the key ${file.keyId} has no part in ${draft.role} ${draft.content.version}`);
    if (seen.has(file.keyId)) refuse(`there are two signatures of ${holder}: a key counts once`);
    seen.add(file.keyId);
  }
  return draft.role === 'root'
    ? combineRoot(draft, signatures, by.roots)
    : combineTargets(draft, signatures, { root: newest, now: by.now });
}

/** Those of the draft's own role, and of a root also the former holders. */
export function signingKeys(draft: Draft, root: TrustedRoot | undefined): readonly RoleKey[] {
  const former = root?.roles[draft.role].keys ?? [];
  if (draft.role === 'targets') return former;
  return [
    ...former,
    ...draft.content.roles.root.keys.filter(({ id }) => !former.some((key) => key.id === id)),
  ];
}

function combineRoot({ bytes }: Draft, signatures: readonly SignatureFile[], roots: RootChain): Uint8Array {
  const file = formatMetadata(withSignatures(parseMetadata('root', bytes).signed, signatures));
  const [first = file, ...rest] = [...roots.files, file];
  verifyRoots(first, rest);
  return file;
}

function combineTargets(
  { bytes }: Draft,
  signatures: readonly SignatureFile[],
  { root, now }: { root: TrustedRoot | undefined; now: number },
): Uint8Array {
  if (root === undefined)
    throw new SignerError('file_missing', 'there is no root yet that says who signs releases');
  const file = formatMetadata(withSignatures(parseMetadata('targets', bytes).signed, signatures));
  verifyTargets(root, file, { at: now });
  return file;
}

function refuse(finding: string): never {
  throw new SignerError('signature_refused', `nothing is combined: ${finding}`);
}
