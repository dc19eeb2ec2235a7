import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestHub } from '../../test/kit/hub.ts';
import { buildExecutables, gatherInputs } from '../agent-build/build.ts';
import { agentBundles } from '../agent-build/bundles.ts';
import { compress, patch } from '../agent-build/compression.ts';
import { sha256Of } from '../agent-build/files.ts';
import { HOST_PLATFORM, isPlatform } from '../agent-build/platform.ts';
import { type NodeReleases, nodeReleases } from './node-releases.ts';
import { bytesOfUpdate } from './ota-bytes.ts';
import { OtaNode } from './ota-node.ts';
import { OtaReleases, type ReleaseFile } from './ota-release.ts';
import { type Bench, type BenchOptions, result, round } from './result.ts';

const CODE_SHARE = 0.002;
const PATCH_SHARE = 0.2;
const CONNECTED_MS = 2_000;

/**
 * What a node moves for a release that changes code alone and for one that brings a patch release of Node, by the agent's
 * own downloads from a real server; and how long the real binary takes from the downloaded file to its session as the new
 * version, with its PID kept. In per cent of a whole program as it is sent.
 */
export const benchOta: Bench = async ({ say }) => {
  if (!isPlatform(HOST_PLATFORM))
    throw new Error(`binaries run on linux-x64 and linux-arm64, this is ${HOST_PLATFORM}`);
  const dir = await mkdtemp(join(tmpdir(), 'stoa-bench-ota-'));
  try {
    const releases = new OtaReleases(join(dir, 'releases'));
    const root = join(dir, 'root.json');
    await writeFile(root, releases.root);
    const inputs = await gatherInputs({ platforms: [HOST_PLATFORM], root, version: '1.0.0', say });
    say('build the binary');
    const [binary] = await buildExecutables(inputs, join(dir, 'built'));
    const swap = await timeOfSwap({ binary: binary!.path, dir, releases, say });
    const code = await codeOnly({ dir, releases });
    const nodes = await nodeReleases(say);
    const node = await nodePatch({ dir, releases, nodes });
    const whole = nodes.wholeBytes + code.wholePayload;
    const codeShare = code.bytes / whole;
    // What the new program holds besides Node counts as if it came whole.
    const nodeBytes = node.bytes + code.wholePayload;
    const nodeShare = nodeBytes / whole;
    return result({
      bench: 'ota',
      value: round(codeShare * 100),
      unit: '% of a whole program moved by a release of code',
      target: CODE_SHARE * 100,
      better: 'lower',
      peer: null,
      pass:
        codeShare <= CODE_SHARE &&
        nodeShare <= PATCH_SHARE &&
        swap.connectedMs <= CONNECTED_MS &&
        swap.pidKept,
      detail: {
        wholeBytes: whole,
        codeBytes: code.bytes,
        wholePayloadBytes: code.wholePayload,
        wholePayloadPercent: round((code.wholePayload / whole) * 100),
        nodePatchBytes: nodeBytes,
        nodePatchPercent: round(nodeShare * 100),
        nodePatchTargetPercent: PATCH_SHARE * 100,
        nodePatchSeconds: round(node.ms / 1000),
        downloadedToConnectedMs: swap.connectedMs,
        connectedTargetMs: CONNECTED_MS,
        pidKept: swap.pidKept,
        confirmedAfterMs: swap.confirmedMs,
      },
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

interface Swap {
  readonly connectedMs: number;
  readonly confirmedMs: number;
  readonly pidKept: boolean;
}

async function timeOfSwap(by: {
  binary: string;
  dir: string;
  releases: OtaReleases;
  say: BenchOptions['say'];
}): Promise<Swap> {
  const { binary, dir, releases, say } = by;
  await using world = await openTestHub({ logLevel: 'error', env: { RELEASES_DIR: join(dir, 'releases') } });
  const node = await OtaNode.join(binary, join(dir, 'node'), world);
  try {
    const first = await node.at(({ event }) => event === 'channel-established');
    const { payload } = await agentBundles('1.0.1');
    await releases.publish('1.0.1', [await payloadOf('1.0.1', payload.bytes, dir)]);
    say('the node is in session; it takes the next version');
    await node.command('update', '--now');
    const staged = await node.at(({ event, state }) => event === 'update-state' && state === 'staged', first);
    const connected = await node.at(({ event }) => event === 'channel-established', staged);
    const { version, pid } = await node
      .command('status')
      .catch((error: { stdout: string }) => JSON.parse(error.stdout));
    if (version !== '1.0.1') throw new Error(`the node runs ${String(version)} after its update to 1.0.1`);
    say('connected as the new version; waiting for its proof');
    const confirmed = await node.at(
      ({ event, state }) => event === 'update-state' && state === 'confirmed',
      connected,
    );
    return { connectedMs: connected - staged, confirmedMs: confirmed - connected, pidKept: pid === node.pid };
  } finally {
    await node.stop();
  }
}

const PLATFORM = HOST_PLATFORM as 'linux-x64';

async function payloadOf(version: string, bytes: Uint8Array, dir: string): Promise<ReleaseFile> {
  const file = payloadPath(version, dir);
  await writeFile(file, bytes);
  await compress(file, `${file}.zst`);
  return OtaReleases.file(PLATFORM, version, { bytes, packed: await readFile(`${file}.zst`) });
}

function payloadPath(version: string, dir: string): string {
  return join(dir, `payload-${version}.cjs`);
}

/** With a patch from the payload before it, as releases are made; and whole, as a node takes it that has the factory's. */
async function codeOnly({ dir, releases }: { dir: string; releases: OtaReleases }): Promise<{
  bytes: number;
  wholePayload: number;
}> {
  const before = payloadPath('1.0.1', dir);
  const file = await payloadOf('1.0.2', withThreeLines(await readFile(before, 'utf8')), dir);
  await patch({ from: before, to: payloadPath('1.0.2', dir), out: join(dir, 'payload-patch') });
  const patched = OtaReleases.file(PLATFORM, '1.0.2', {
    bytes: await readFile(join(dir, 'payload-patch')),
    kind: 'payload-patch',
    from: await sha256Of(before),
  });
  await releases.publish('1.0.2', [file, patched]);
  const { target } = file;
  const { bytes } = await bytesOfUpdate(releases, {
    directory: join(dir, 'code'),
    target,
    patch: { target: patched.target, from: before },
  });
  const whole = await bytesOfUpdate(releases, { directory: join(dir, 'code-whole'), target });
  return { bytes, wholePayload: whole.bytes };
}

/** What a small mend changes: a line in three places. Only its bytes are looked at. */
function withThreeLines(payload: string): Uint8Array {
  const lines = [1, 2, 3].map(
    (part) => `if(options.retries>${part}){log.warn("mended-${part}",{part:${part}});return}`,
  );
  const parts = lines.reduceRight((text, line, i) => {
    const at = text.indexOf(';', Math.floor(((i + 1) * payload.length) / 4)) + 1;
    return text.slice(0, at) + line + text.slice(at);
  }, payload);
  return new TextEncoder().encode(parts);
}

/** From the Node before to the one that binaries are made of; beside it a node moves the launcher and a payload. */
async function nodePatch(by: {
  dir: string;
  releases: OtaReleases;
  nodes: NodeReleases;
}): Promise<{ bytes: number; ms: number }> {
  const { dir, releases, nodes } = by;
  const runtime = OtaReleases.file(PLATFORM, '1.0.3', { bytes: await readFile(nodes.to), kind: 'runtime' });
  const patched = OtaReleases.file(PLATFORM, '1.0.3', {
    bytes: await readFile(nodes.patch),
    kind: 'runtime-patch',
    from: await sha256Of(nodes.from),
  });
  await releases.publish('1.0.3', [runtime, patched]);
  return bytesOfUpdate(releases, {
    directory: join(dir, 'runtime'),
    target: runtime.target,
    patch: { target: patched.target, from: nodes.from },
  });
}
