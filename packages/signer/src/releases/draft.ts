import {
  buildRoot,
  buildTargets,
  compareVersions,
  formatUnsigned,
  parseMetadata,
  peekRole,
  peekRoot,
  peekTargets,
  type ReleaseContent,
  type ReleaseTargets,
  type RootContent,
  type TrustedRoot,
  type Version,
} from '@stoa/protocol/release';
import { SignerError } from '#error.ts';
import { notSeparate } from '#releases/separation.ts';

/** Metadata that waits for signatures: the file of the later metadata, with none in it. */
export type Draft = { readonly bytes: Uint8Array } & (
  | { readonly role: 'root'; readonly content: RootContent & { readonly sha256: string } }
  | { readonly role: 'targets'; readonly content: ReleaseContent & { readonly sha256: string } }
);

/** @throws ReleaseError; SignerError `draft_refused` for what is signed already, or by a hub. */
export function parseDraft(bytes: Uint8Array): Draft {
  const role = peekRole(bytes);
  if (role !== 'root' && role !== 'targets')
    throw new SignerError('draft_refused', `${role} metadata is signed by the hub, not by holders`);
  const { signatures } = role === 'root' ? parseMetadata('root', bytes) : parseMetadata('targets', bytes);
  if (Object.keys(signatures).length > 0)
    throw new SignerError('draft_refused', 'this is no draft: it bears signatures already');
  const draft: Draft =
    role === 'root'
      ? { role, bytes, content: peekRoot(bytes) }
      : { role, bytes, content: peekTargets(bytes) };
  // Holders read the content and sign the file: what is in the one and not in the other would be signed unseen, and a later
  // program may give it a meaning.
  const { sha256 } =
    draft.role === 'root'
      ? peekRoot(formatUnsigned(buildRoot(draft.content)))
      : peekTargets(formatUnsigned(buildTargets(draft.content)));
  if (sha256 !== draft.content.sha256)
    refuse('the draft holds fields that this program does not know and so can not show');
  return draft;
}

/** What a holder knows besides the draft. */
export interface Surroundings {
  readonly root: TrustedRoot | undefined;
  readonly previous: ReleaseTargets | undefined;
  /** Ms since 1970. */
  readonly now: number;
}

/** What nobody should sign, whoever asks. @throws SignerError `draft_refused`. */
export function requireSound(draft: Draft, { root, previous, now }: Surroundings): void {
  const { expiresAt } = draft.content;
  if (expiresAt <= now)
    refuse(
      `the draft ended at ${new Date(expiresAt).toISOString()}: make it anew, or set this machine's clock right`,
    );
  if (draft.role === 'root') requireNextRoot(draft.content, root);
  else if (root === undefined) refuse('there is no root yet that says who signs releases');
  else requireSuccessor(draft.content, root, previous);
}

function requireNextRoot({ version, development, roles }: RootContent, root: TrustedRoot | undefined): void {
  const finding = notSeparate(roles);
  if (finding !== undefined) refuse(finding);
  const expected = (root?.version ?? 0) + 1;
  if (version !== expected)
    refuse(
      `the draft is of root ${version}, after ${expected - 1} comes ${expected}: fetch the roots that are missing, or make the draft anew`,
    );
  if (root !== undefined && root.development !== development)
    refuse('the draft leads from development keys to real ones, or back');
}

export interface Lowest {
  /** Of the metadata. */
  readonly version: number;
  readonly floor: Version;
  readonly release: Version;
}

/** What the next release must reach: the previous one, unless the root has opened a way down since. */
export function lowestNext(root: TrustedRoot, previous: ReleaseContent | undefined): Lowest {
  const { floor } = root;
  if (previous === undefined || (floor !== undefined && previous.version < floor.targets)) {
    const version = floor?.version ?? '0.0.0';
    return { version: floor?.targets ?? 1, floor: version, release: version };
  }
  return { version: previous.version + 1, floor: previous.floor, release: previous.release };
}

function requireSuccessor(
  next: ReleaseContent,
  root: TrustedRoot,
  previous: ReleaseContent | undefined,
): void {
  const lowest = lowestNext(root, previous);
  if (next.version < lowest.version)
    refuse(
      `the draft is of targets metadata ${next.version}, ${lowest.version} or more comes next: it is older`,
    );
  if (previous === undefined && next.version > lowest.version)
    refuse(
      `the draft is of targets metadata ${next.version}: pass the release before it with --previous, to see what changed`,
    );
  if (compareVersions(next.floor, lowest.floor) < 0)
    refuse(
      `the draft lowers the floor from ${lowest.floor} to ${next.floor}: only a root does, by 'signer release root rotate --floor'`,
    );
  if (compareVersions(next.release, lowest.release) < 0)
    refuse(
      `the draft goes from ${lowest.release} down to ${next.release}: only a root opens the way, by 'signer release root rotate --floor'`,
    );
  // Who builds the same version all day signs it as often.
  if (root.development) return;
  for (const { path, sha256 } of previous?.targets ?? []) {
    const changed = next.targets.find((target) => target.path === path && target.sha256 !== sha256);
    if (changed !== undefined)
      refuse(
        `${path} is signed already with other content: what nodes have stays, give the release another version`,
      );
  }
}

function refuse(finding: string): never {
  throw new SignerError('draft_refused', `nothing is signed: ${finding}`);
}
