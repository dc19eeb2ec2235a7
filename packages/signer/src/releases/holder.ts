import { fromHex, type Random, toHex } from '@stoa/protocol';
import { type Body, keyId, type MetadataSignature, parseMetadata, signBody } from '@stoa/protocol/release';
import type { Disk } from '#disk.ts';
import { SignerError } from '#error.ts';
import type { JournalFiles } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';
import { createKeyFile, type KeyPurpose, openKeyFile, readKeyFile } from '#keys/key-file.ts';
import type { Unlock } from '#keys/unlock.ts';
import type { Draft } from '#releases/draft.ts';

export type OfflineRole = 'root' | 'targets';

const PURPOSES = { root: 'release-root', targets: 'release-targets' } as const satisfies Record<
  OfflineRole,
  KeyPurpose
>;

/** What a key has signed, in a journal beside it: it goes wherever the key goes. */
export type HolderAct =
  | { readonly kind: 'key-made'; readonly role: OfflineRole; readonly publicKey: string }
  | {
      readonly kind: 'signed';
      readonly version: number;
      /** Of the signed part. */
      readonly sha256: string;
      /** The draft of the same version that was given up. */
      readonly insteadOf?: string;
    };

export type HolderEntry = HolderAct & { readonly at: number };

export interface HolderPlace {
  /** Of the sealed key. */
  readonly path: string;
  readonly disk: Disk;
}

export interface HolderKey {
  readonly role: OfflineRole;
  readonly publicKey: Uint8Array;
  readonly keyId: string;
}

function journalOf({ path, disk }: HolderPlace): JournalFiles {
  return { path: `${path}.journal`, disk };
}

/** Journal and key of one holder for one role, on that holder's own machine. @throws SignerError `key_exists`. */
export async function createHolderKey(
  place: HolderPlace,
  by: { role: OfflineRole; unlock: Unlock; random: Random; now: number; force?: boolean },
): Promise<HolderKey> {
  const { role, unlock } = by;
  const { publicKey } = await createKeyFile({ ...place, purpose: PURPOSES[role], unlock }, by);
  const made = { kind: 'key-made', at: by.now, role, publicKey: toHex(publicKey) } satisfies HolderEntry;
  await Journal.create(journalOf(place), made);
  return { role, publicKey, keyId: keyId(publicKey) };
}

/** The public half; opens nothing. @throws SignerError as `readKeyFile`, `bad_argument` for a key of another use. */
export async function readHolderKey({ path, disk }: HolderPlace): Promise<HolderKey> {
  const file = await readKeyFile(path, disk);
  const role =
    file.purpose === PURPOSES.root ? 'root' : file.purpose === PURPOSES.targets ? 'targets' : undefined;
  if (role === undefined)
    throw new SignerError('bad_argument', `${path} holds the ${file.purpose} key, which signs no releases`);
  const publicKey = fromHex(file.publicKey);
  return { role, publicKey, keyId: keyId(publicKey) };
}

/** Every signature of this key, oldest first. @throws SignerError `journal_missing`, `journal_damaged`. */
export async function readHolderJournal(place: HolderPlace): Promise<readonly HolderEntry[]> {
  const { entries } = await openJournal(place);
  return entries;
}

async function openJournal(place: HolderPlace): Promise<{ journal: Journal; entries: HolderEntry[] }> {
  const entries: HolderEntry[] = [];
  try {
    // Their shape is vouched for by the chain of hashes.
    const journal = await Journal.open(journalOf(place), (entry) => entries.push(entry as HolderEntry));
    return { journal, entries };
  } catch (cause) {
    if (!(cause instanceof SignerError && cause.code === 'journal_missing')) throw cause;
    throw new SignerError(
      'journal_missing',
      `${place.path}.journal is missing, so nobody knows what this key has signed: restore it with the key, or have the others replace the key`,
      { cause },
    );
  }
}

/**
 * Signs a draft that was checked and shown. A key signs one content for each version, and no version below one that it
 * signed: two releases of the same number would divide the nodes. The same draft again gives the same signature.
 * @throws SignerError `draft_refused` where the journal speaks against it.
 */
export async function signDraft(
  place: HolderPlace,
  draft: Draft,
  by: { unlock: Unlock; now: number; insteadOf: string | undefined },
): Promise<MetadataSignature> {
  const { role } = await readHolderKey(place);
  if (role !== draft.role)
    throw new SignerError(
      'draft_refused',
      `${place.path} is a key for ${role}, the draft is of ${draft.role}`,
    );
  const key = await openKeyFile({ ...place, purpose: PURPOSES[role], unlock: by.unlock });
  const { journal, entries } = await openJournal(place);
  const { version, sha256 } = draft.content;
  if (!entries.some((entry) => entry.kind === 'signed' && entry.sha256 === sha256)) {
    requireNew(draft, entries, by.insteadOf);
    const instead = by.insteadOf === undefined ? {} : { insteadOf: by.insteadOf };
    await journal.append({ kind: 'signed', at: by.now, version, sha256, ...instead } satisfies HolderEntry);
  }
  return signBody(bodyOf(draft), key);
}

function requireNew(
  { content }: Draft,
  entries: readonly HolderEntry[],
  insteadOf: string | undefined,
): void {
  const signed = entries.flatMap((entry) => (entry.kind === 'signed' ? [entry] : []));
  const last = signed.reduce((highest, entry) => Math.max(highest, entry.version), 0);
  if (content.version > last) return;
  const same = signed.filter(({ version }) => version === content.version).at(-1);
  if (content.version === last && same !== undefined && same.sha256 === insteadOf) return;
  throw new SignerError(
    'draft_refused',
    same === undefined
      ? `this key has signed version ${last}, the draft is of version ${content.version}: it is older`
      : `this key signed other content as version ${content.version} at ${new Date(same.at).toISOString()}: its hash is ${same.sha256}. If that draft was given up and is combined nowhere, pass --instead-of with that hash`,
  );
}

function bodyOf({ role, bytes }: Draft): Body {
  return role === 'root' ? parseMetadata('root', bytes).signed : parseMetadata('targets', bytes).signed;
}
