import { bool, type Decoded, list, oneOf, optional, record, text, u16, u32, u64 } from '../codec/codec.ts';

export const supervision = oneOf('none', 'docker', 'compose', 'systemd', 'screen', 'unknown');
export type Supervision = Decoded<typeof supervision>;

const chainwebProcess = record({
  pid: u32,
  supervision,
  /** Container name, unit or screen session, as far as it can be told. */
  supervisor: text(128),
  startedAt: u64,
  rssMb: u32,
  /** Secrets redacted by the agent. */
  argv: list(text(768), 64),
});
export type ChainwebProcess = Decoded<typeof chainwebProcess>;

/** Slow facts: sent at the start of a session and when they change. */
export const agentDescription = record({
  agentVersion: text(32),
  runtime: text(32),
  hostname: text(253),
  platform: text(64),
  distribution: text(128),
  kernel: text(128),
  cpuModel: text(128),
  cpuCores: u16,
  memTotalMb: u32,
  chainwebVersion: text(32),
  chainwebNetwork: text(32),
  chainwebUrl: text(255),
  /** Address of the node as its chainweb peers see it (`X-Peer-Addr`); empty where unknown. */
  publicAddress: text(64),
  committedPath: text(255),
  committedGb: u32,
  process: optional(chainwebProcess),
  /** With what the other nodes of the host promise on the same drive. */
  driveCommittedGb: u32,
  /** SHA-256 of the certificate on its P2P port, base64url, and that port: what a dial-back must find. Empty where unknown. */
  p2pFingerprint: text(43),
  p2pPort: u16,
});
export type AgentDescription = Decoded<typeof agentDescription>;

export const componentHealth = record({
  components: list(
    record({ name: text(64), state: oneOf('ok', 'warn', 'fail', 'unknown'), why: text(512), since: u64 }),
    32,
  ),
});
export type ComponentHealth = Decoded<typeof componentHealth>;

export const effectiveConfig = record({
  settings: list(record({ name: text(64), value: text(512), isDefault: bool }), 96),
});
export type EffectiveConfig = Decoded<typeof effectiveConfig>;
