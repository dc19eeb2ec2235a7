import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { SigningKey } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  type Body,
  buildRoot,
  buildTargets,
  formatBuild,
  formatMetadata,
  keyId,
  type ReleaseContent,
  type ReleaseTarget,
  type RootContent,
  roleKey,
  signBody,
  withSignatures,
} from '@stoa/protocol/release';

export const DAY = 86_400_000;

/** Three holders who sign roots and releases, 2 of 3, in memory. */
export class Holders {
  readonly keys: Readonly<Record<'root' | 'targets', readonly SigningKey[]>>;

  constructor() {
    const three = () => [1, 2, 3].map(() => nodeCrypto.signingKey(randomBytes(32)));
    this.keys = { root: three(), targets: three() };
  }

  root(
    online: readonly { role: 'snapshot' | 'timestamp'; publicKey: Uint8Array }[],
    content: Partial<RootContent> & { expiresAt: number },
    signers: readonly SigningKey[] = this.keys.root.slice(0, 2),
  ): Uint8Array {
    const people = (keys: readonly SigningKey[]) => ({
      keys: keys.map(({ publicKey }, i) => roleKey(['alice', 'bob', 'carol'][i]!, publicKey)),
      threshold: 2,
    });
    const hub = (role: 'snapshot' | 'timestamp') => ({
      keys: online.filter((key) => key.role === role).map(({ publicKey }) => roleKey('hub', publicKey)),
      threshold: 1,
    });
    const body = buildRoot({
      version: 1,
      roles: {
        root: people(this.keys.root),
        targets: people(this.keys.targets),
        snapshot: hub('snapshot'),
        timestamp: hub('timestamp'),
      },
      floor: undefined,
      development: false,
      ...content,
    });
    return signed(body, signers);
  }

  targets(
    content: Partial<ReleaseContent> & { version: number; expiresAt: number },
    signers: readonly SigningKey[] = this.keys.targets.slice(0, 2),
  ): Uint8Array {
    const body = buildTargets({
      release: '1.2.3',
      floor: '1.0.0',
      security: false,
      notes: '',
      sbom: undefined,
      targets: [],
      ...content,
    });
    return signed(body, signers);
  }
}

export function signed(body: Body, signers: readonly SigningKey[]): Uint8Array {
  return formatMetadata(
    withSignatures(
      body,
      signers.map((key) => signBody(body, key)),
    ),
  );
}

export const idsOf = (keys: readonly SigningKey[]) => keys.map(({ publicKey }) => keyId(publicKey));

export interface BuiltRelease {
  readonly directory: string;
  readonly targets: readonly ReleaseTarget[];
  readonly sbom: { readonly sha256: string; readonly length: number };
  readonly payload: Uint8Array;
}

/** A directory as the build leaves it: a payload with its encoding, a runtime without, a list of components. */
export async function buildRelease(directory: string, version: string): Promise<BuiltRelease> {
  await mkdir(directory, { recursive: true });
  const payload = Buffer.from(`'payload ${version}';\n`.repeat(5_000));
  const runtime = randomBytes(200_000);
  const sbom = Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', version }));
  await writeFile(join(directory, 'payload.cjs'), payload);
  await writeFile(join(directory, 'payload.cjs.zst'), zstdCompressSync(payload));
  await writeFile(join(directory, 'runtime'), runtime);
  await writeFile(join(directory, 'sbom.json'), sbom);
  const files = [
    { kind: 'payload' as const, platform: 'linux-x64' as const, file: 'payload.cjs' },
    { kind: 'runtime' as const, platform: 'linux-x64' as const, file: 'runtime' },
  ];
  const build = { version, node: '24.21.0', minLauncher: '1.0.0', files, sbom: 'sbom.json' };
  await writeFile(join(directory, 'release.json'), formatBuild(build));
  const target = (kind: 'payload' | 'runtime', bytes: Uint8Array): ReleaseTarget => ({
    path: `${kind}/${version}/linux-x64`,
    sha256: sha256Of(bytes),
    length: bytes.length,
    custom: { kind, platform: 'linux-x64', version, minLauncher: '1.0.0', node: '24.21.0' },
  });
  return {
    directory,
    payload,
    targets: [target('payload', payload), target('runtime', runtime)],
    sbom: { sha256: sha256Of(sbom), length: sbom.length },
  };
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
