import { mkdir } from 'node:fs/promises';
import { toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { initDevelopmentSigner } from '@stoa/signer/client';
import { loadInstanceKey } from '../instance-key.ts';
import { secureRandom } from '../secure-random.ts';
import { type CommandContext, paths } from './context.ts';

/** `stoa-hub init`: makes this instance's key and a development root, and says where each key belongs. Idempotent. */
export async function init({ config, out, json }: CommandContext): Promise<void> {
  const { instanceKey, signerDir, signerSocket } = paths(config);
  await mkdir(config.dataDir, { recursive: true });
  const key = await loadInstanceKey(instanceKey, { crypto: nodeCrypto, random: secureRandom });
  const instances = [{ instance: config.instance, publicKey: key.publicKey }];
  const report = await initDevelopmentSigner({ dir: signerDir, region: config.region, instances });
  const places = [
    ...report.places,
    {
      key: `instance ${config.instance}`,
      path: instanceKey,
      belongs: 'stays on this machine; renewed certificates come from the signer',
    },
  ];
  if (json) {
    out(JSON.stringify({ ...report, instance: toHex(key.publicKey), places }));
    return;
  }
  out(
    `${report.created ? 'Made' : 'Found'} the keys of region ${report.region}. Root fingerprint: ${report.rootFingerprint}`,
  );
  for (const place of places) out(`\n  ${place.key}\n    ${place.path}\n    ${place.belongs}`);
  out(
    `\nNext: stoa-signer serve --dir ${signerDir} --socket ${signerSocket}, then stoa-hub serve. All keys: docs/keys.md\nFor releases of the agent, once it serves: stoa-hub release keys (docs/releases.md)`,
  );
}
