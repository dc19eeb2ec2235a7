import { randomBytes } from 'node:crypto';
import { toHex } from '@stoa/protocol';
import { readNatIdle } from '#channel/nat-idle.ts';
import type { AgentContext } from '#cli/agent-context.ts';
import type { IdentityFacts, RotationOutcome } from '#cli/command-deps.ts';
import { askService } from '#collectors/chainweb-info.ts';
import { readHostFacts } from '#collectors/host-facts.ts';
import { openProc } from '#collectors/proc.ts';
import { type EnrollOutcome, type EnrollRequest, enroll } from '#enroll/enroll.ts';
import { NotEnrolledError } from '#identity/error.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore } from '#identity/identity-store.ts';
import { requestRotation } from '#identity/rotation.ts';

function random(count: number): Uint8Array {
  return new Uint8Array(randomBytes(count));
}

export async function enrollHost(
  context: AgentContext,
  request: Omit<EnrollRequest, 'facts'>,
): Promise<EnrollOutcome> {
  const { hostname, architecture } = readHostFacts(openProc());
  const facts = {
    hostname,
    platform: `linux-${architecture}`,
    chainwebVersion: await chainwebVersion(context),
  };
  return enroll({ ...request, facts }, { ...context, random });
}

export async function rotateKey({ disk, config }: AgentContext): Promise<RotationOutcome> {
  const { nodeId } = await requestRotation(disk, identityDirectory(config), random);
  return { nodeId, state: 'requested' };
}

export async function identityFacts({ disk, config }: AgentContext): Promise<IdentityFacts | undefined> {
  try {
    const { identity, nodeId, keyFiles, nodeDirectory } = await IdentityStore.open(
      disk,
      identityDirectory(config),
    );
    const { label, region, owner, hubs } = identity;
    const natIdle = await readNatIdle(disk, nodeDirectory);
    return { nodeId: toHex(nodeId), label, region, owner, hubUrl: hubs[0]!, keyFiles, natIdle };
  } catch (error) {
    if (error instanceof NotEnrolledError) return undefined;
    throw error;
  }
}

/** For people; a node that is not up yet joins as well. */
async function chainwebVersion({ clock, nodeHttp, config }: AgentContext): Promise<string> {
  const node = {
    clock,
    http: nodeHttp,
    serviceUrl: config.chainwebUrl,
    p2pUrl: config.chainwebP2pUrl,
    network: config.network,
  };
  return askService(node).then(
    ({ version }) => version,
    () => '',
  );
}
