import type { AgentDescription, ChainwebProcess } from '@stoa/protocol';
import type { HostFacts } from '#collectors/host-facts.ts';
import type { AgentConfig } from '#config.ts';
import type { ReadingSource } from '#reports/readings.ts';
import { fit } from '#reports/text.ts';

export interface DescriptionFacts {
  config: AgentConfig;
  version: string;
  /** Such as `node 24.21.0`. */
  runtime: string;
  host: HostFacts;
}

const MIB = 2 ** 20;
const GB = 1e9;
const MOST_ARGUMENTS = 64;
/** Of one argument, as a description takes it. */
const MOST_BYTES = 768;
/** All of them together must leave room in a frame. */
const ARGV_BYTES = 32 * 1024;

/** Slow facts. What was once known stays told while a probe fails. */
export function describeAgent(source: ReadingSource, facts: DescriptionFacts): AgentDescription {
  const { config, host } = facts;
  const sample = source.reading('host').value;
  const chainweb = source.reading('chainweb').value;
  const commitment = source.reading('commitment').value;
  const p2p = chainweb?.p2p.ok ? chainweb.p2p.value : undefined;
  return {
    agentVersion: fit(facts.version, 32),
    runtime: fit(facts.runtime, 32),
    hostname: fit(host.hostname, 253),
    platform: fit(`linux-${host.architecture}`, 64),
    distribution: fit(host.distribution, 128),
    kernel: fit(host.kernel, 128),
    cpuModel: fit(host.cpuModel, 128),
    cpuCores: Math.min(0xffff, sample?.cpuCount ?? 0),
    memTotalMb: Math.round((sample?.memoryTotalBytes ?? 0) / MIB),
    chainwebVersion: fit(chainweb?.service.ok ? chainweb.service.value.version : '', 32),
    chainwebNetwork: fit(config.network, 32),
    chainwebUrl: fit(config.chainwebUrl, 255),
    publicAddress: fit(p2p?.publicAddress ?? '', 64),
    committedPath: fit(config.committedPath, 255),
    committedGb: Math.round(config.committedGb),
    process: processOf(source),
    driveCommittedGb: Math.round((commitment?.driveCommittedBytes ?? config.committedGb * GB) / GB),
    p2pFingerprint: p2p?.tlsFingerprint ?? '',
    p2pPort: p2pPortOf(source, config),
  };
}

/** Where its peers reach it: by its own arguments, else where this agent does. */
function p2pPortOf(source: ReadingSource, { chainwebP2pUrl }: AgentConfig): number {
  const argv = source.reading('process').value?.node?.argv ?? [];
  const at = argv.findLastIndex((argument) => /^--p2p-port(=|$)/.test(argument));
  const told = at < 0 ? undefined : (argv[at]!.split('=')[1] ?? argv[at + 1]);
  const port = Number(told ?? (new URL(chainwebP2pUrl).port || 443));
  return Number.isInteger(port) && port > 0 && port <= 0xffff ? port : 0;
}

function processOf(source: ReadingSource): ChainwebProcess | undefined {
  const node = source.reading('process').value?.node;
  if (node === undefined) return undefined;
  return {
    pid: node.pid,
    supervision: node.supervision.kind,
    supervisor: fit(node.supervision.name, 128),
    // To ten seconds: it is derived from two clocks and must not look like a change.
    startedAt: Math.max(0, Math.round(node.startedAt / 10_000) * 10_000),
    // To 64 MiB, likewise.
    rssMb: Math.round(node.rssBytes / MIB / 64) * 64,
    argv: withinBytes(
      node.argv.slice(0, MOST_ARGUMENTS).map((argument) => fit(argument, MOST_BYTES)),
      ARGV_BYTES,
    ),
  };
}

function withinBytes(texts: readonly string[], most: number): string[] {
  let left = most;
  return texts.filter((text) => {
    left -= Buffer.byteLength(text);
    return left >= 0;
  });
}
