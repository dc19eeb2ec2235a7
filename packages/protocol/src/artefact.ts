/**
 * What `install.sh` trusts, in texts that a POSIX shell can read. The chain, outermost first: the join token carries the
 * root's fingerprint; the statement brings the root key, which must hash to it; the root signed the certificate of the
 * region's `authority` key; that key signed the manifest, in a context of its own; the manifest names each artefact's
 * SHA-256 and size. It vouches for the agent that a host begins with; updates are the releases' affair (`release/`), and by
 * which root the agent judges those is named as well.
 */
import { fromBase64Url, toBase64Url, utf8 } from './bytes.ts';
import { CONTEXT, signIn, verifyIn } from './contexts.ts';
import type { Signatures, SigningKey } from './crypto/suite.ts';
import { ProtocolError } from './errors.ts';
import { verifyRegionCert } from './identity/hub-chain.ts';

export const MAX_MANIFEST_BYTES = 1_500;

/** One archive: the bundled agent and the Node that runs it. */
export interface Artefact {
  /** `linux-x64`, `linux-arm64`. */
  readonly platform: string;
  /** Hex, of the whole file. */
  readonly sha256: string;
  readonly size: number;
}

/** The root of releases that lies inside the program: it trusts that one, and what follows it, for as long as it lives. */
export interface EmbeddedRoot {
  /** Hex, of its signed part. */
  readonly sha256: string;
  /** Made without a ceremony: its keys lie where the program was built. */
  readonly development: boolean;
}

export interface ArtefactManifest {
  readonly version: string;
  readonly releaseRoot: EmbeddedRoot;
  readonly artefacts: readonly Artefact[];
}

/** A manifest with everything that proves it but the fingerprint of the root. */
export interface ArtefactStatement {
  readonly root: Uint8Array;
  /** Sealed RegionCert of the `authority` key. */
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
  /** As it was signed, byte for byte. */
  readonly manifest: Uint8Array;
}

const MANIFEST =
  /^stoa-agent (\d{1,5}\.\d{1,5}\.\d{1,5})\nreleases ([0-9a-f]{64})( development)?\n((?:[a-z0-9-]{1,32} [0-9a-f]{64} \d{1,12}\n){1,12})$/;
const STATEMENT =
  /^stoa-artefacts 1\nroot ([\w-]{43})\ncertificate ([\w-]{1,1000})\nsignature ([\w-]{86})\nmanifest ([\w-]{1,3000})\n$/;

export function artefactName(version: string, platform: string): string {
  return `stoa-agent-${version}-${platform}.tar.gz`;
}

export function formatManifest({ version, releaseRoot, artefacts }: ArtefactManifest): string {
  const root = `releases ${releaseRoot.sha256}${releaseRoot.development ? ' development' : ''}\n`;
  const lines = artefacts.map(({ platform, sha256, size }) => `${platform} ${sha256} ${size}\n`);
  return `stoa-agent ${version}\n${root}${lines.join('')}`;
}

/** @throws ProtocolError `malformed`. */
export function parseManifest(bytes: Uint8Array): ArtefactManifest {
  const text = bytes.length > MAX_MANIFEST_BYTES ? '' : new TextDecoder().decode(bytes);
  const [, version, root, development, lines] = MANIFEST.exec(text) ?? [];
  if (version === undefined || root === undefined || lines === undefined)
    throw new ProtocolError('malformed', 'this is no manifest of agent artefacts: build it again');
  const artefacts = lines
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [platform = '', sha256 = '', size] = line.split(' ');
      return { platform, sha256, size: Number(size) };
    });
  return { version, releaseRoot: { sha256: root, development: development !== undefined }, artefacts };
}

export function signManifest(manifest: Uint8Array, key: SigningKey): Uint8Array {
  return signIn(CONTEXT.artefacts, key, manifest);
}

export function formatStatement({ root, certificate, signature, manifest }: ArtefactStatement): string {
  return `stoa-artefacts 1
root ${toBase64Url(root)}
certificate ${toBase64Url(certificate)}
signature ${toBase64Url(signature)}
manifest ${toBase64Url(manifest)}
`;
}

/** Reads the form only. @throws ProtocolError `malformed`. */
export function parseStatement(text: string): ArtefactStatement {
  const [, root, certificate, signature, manifest] = STATEMENT.exec(text) ?? [];
  if (root === undefined || certificate === undefined || signature === undefined || manifest === undefined)
    throw new ProtocolError('malformed', 'this is no signed statement of agent artefacts: sign it again');
  return {
    root: decode(root),
    certificate: decode(certificate),
    signature: decode(signature),
    manifest: decode(manifest),
  };
}

function decode(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch (cause) {
    throw new ProtocolError('malformed', 'a field of the statement is no base64url: sign it again', {
      cause,
    });
  }
}

/** @throws ProtocolError `wrong_root`, `wrong_region`, `bad_signature`, `malformed`. */
export function verifyStatement(
  { root, certificate, signature, manifest }: ArtefactStatement,
  policy: { rootFingerprint: Uint8Array; region: string },
  crypto: Signatures,
): ArtefactManifest {
  // Nothing has proven a time to a host that joins, so no end of validity is judged, as in enrolment: docs/joining.md.
  const cert = verifyRegionCert(
    { sealed: certificate, root, role: 'authority' },
    { ...policy, timeFloor: 0 },
    crypto,
  );
  if (!verifyIn(CONTEXT.artefacts, crypto.verifier(cert.publicKey), manifest, signature))
    throw new ProtocolError(
      'bad_signature',
      "the manifest of artefacts is not signed by the region's authority key",
    );
  return parseManifest(manifest);
}

/** For whoever signs: the manifest in the form that is signed. */
export function encodeManifest(manifest: ArtefactManifest): Uint8Array {
  return utf8(formatManifest(manifest));
}
