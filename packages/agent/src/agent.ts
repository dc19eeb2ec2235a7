import { AgentCore } from '#agent-core.ts';
import type { Agent, AgentOptions } from '#agent-options.ts';
import { NatIdle } from '#channel/nat-idle.ts';
import { publishCommitment } from '#collectors/drive-commitments.ts';
import { describeError } from '#error.ts';
import { Evidence } from '#evidence/evidence.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore } from '#identity/identity-store.ts';
import { Work } from '#work/work.ts';

/** @throws NotEnrolledError, NodeRevokedError, RecordDamagedError, DiskError */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { disk, config, random } = options;
  const store = await IdentityStore.open(disk, identityDirectory(config));
  const bootId = random(16);
  await publishCommitment(disk, config).catch((error: unknown) =>
    options.log.warn('commitment-unwritten', { ...describeError(error) }),
  );
  // The core is made of these, and is there before they have something for it.
  let core: AgentCore | undefined;
  const evidence = await Evidence.open({ ...options, store, bootId, ready: () => core?.pump() });
  const natIdle = await NatIdle.open({
    ...options,
    nodeDirectory: store.nodeDirectory,
    probe: options.idleProbe,
    hubNow: () => evidence.hubTime.now,
    measured: () => core?.adaptPing(),
  });
  const work = await Work.open({
    ...options,
    store,
    timeFloor: () => Math.max(store.floors.timeFloor, options.provenChainTime?.() ?? 0),
    hubNow: () => evidence.hubTime.now,
    ready: () => core?.pump(),
  });
  core = new AgentCore(options, { store, bootId, evidence, natIdle, work });
  return core;
}
