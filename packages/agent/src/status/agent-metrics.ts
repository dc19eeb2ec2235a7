import { type MetricFamily, type MetricSample, renderMetrics } from '#status/prometheus.ts';
import type { StatusSnapshot } from '#status/snapshot.ts';

type Families = Array<MetricFamily | undefined>;

/** The snapshot as Prometheus text. What is unknown has no sample. */
export function agentMetrics(snapshot: StatusSnapshot): string {
  const families = [
    ...ofAgent(snapshot),
    ...ofLink(snapshot),
    ...ofWork(snapshot),
    ...ofChain(snapshot),
    ...ofHost(snapshot),
  ];
  return renderMetrics(families.filter((family) => family !== undefined));
}

function gauge(name: string, help: string, value: number | undefined): MetricFamily | undefined {
  return value === undefined ? undefined : { name, help, type: 'gauge', samples: [{ value }] };
}

function counter(name: string, help: string, value: number | undefined): MetricFamily | undefined {
  return value === undefined ? undefined : { name, help, type: 'counter', samples: [{ value }] };
}

function perLabel(
  name: string,
  help: string,
  label: string,
  values: ReadonlyArray<readonly [string, number | undefined]>,
): MetricFamily {
  const samples: MetricSample[] = values.flatMap(([key, value]) =>
    value === undefined ? [] : [{ value, labels: { [label]: key } }],
  );
  return { name, help, type: 'gauge', samples };
}

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
const ratio = (permille: number | undefined): number | undefined =>
  permille === undefined ? undefined : permille / 1000;

function ofAgent({ version, instance, nodeId, uptimeMs, rssBytes, collectors }: StatusSnapshot): Families {
  const each = Object.entries(collectors);
  const labels = { version, instance, node_id: nodeId ?? '' };
  return [
    {
      name: 'stoa_agent_info',
      help: 'Version and identity of the agent; always 1.',
      type: 'gauge',
      samples: [{ value: 1, labels }],
    },
    gauge('stoa_agent_uptime_seconds', 'Time since the agent started.', seconds(uptimeMs)),
    gauge('stoa_agent_resident_memory_bytes', 'Resident memory of the agent.', rssBytes),
    perLabel(
      'stoa_agent_collector_age_seconds',
      'Age of the last good reading.',
      'collector',
      each.map(([name, { ageMs }]) => [name, seconds(ageMs)]),
    ),
    perLabel(
      'stoa_agent_collector_failing',
      'Whether the last run failed.',
      'collector',
      each.map(([name, { error }]) => [name, error ? 1 : 0]),
    ),
  ];
}

function ofLink({ link, outbox }: StatusSnapshot): Families {
  const connected = link && ['established', 'quarantined', 'draining'].includes(link.state);
  return [
    gauge('stoa_agent_hub_connected', 'Whether a session with the hub stands.', link && (connected ? 1 : 0)),
    counter('stoa_agent_hub_sessions_total', 'Sessions since the agent started.', link?.sessions),
    gauge('stoa_agent_hub_failed_attempts', 'Attempts in a row that led to no session.', link?.failures),
    gauge('stoa_agent_hub_round_trip_seconds', 'Round trip of the last ping.', seconds(link?.rttMs)),
    gauge('stoa_agent_hub_clock_skew_seconds', 'Clock of this host minus the hub’s.', seconds(link?.skewMs)),
    gauge(
      'stoa_agent_nat_idle_seconds',
      'Idle time after which the NAT drops a connection.',
      seconds(link?.natIdleMs),
    ),
    gauge('stoa_agent_outbox_waiting', 'Results that the hub has not acknowledged.', outbox?.waiting),
    counter(
      'stoa_agent_dropped_samples_total',
      'Metrics samples dropped while offline.',
      outbox?.droppedSamples,
    ),
  ];
}

function ofWork({ work }: StatusSnapshot): Families {
  return [
    gauge('stoa_agent_jobs_running', 'Jobs that this node is doing.', work?.running.length),
    gauge('stoa_agent_paused', 'Whether the host takes no work.', work && (work.paused ? 1 : 0)),
    gauge(
      'stoa_agent_policy_readable',
      'Whether the local policy can be read; where not, nothing is allowed.',
      work && (work.policyFault === '' ? 1 : 0),
    ),
  ];
}

function ofChain({ chain, process, collectors }: StatusSnapshot): Families {
  return [
    gauge('stoa_chainweb_up', 'Whether the node answered the last poll.', collectors.cut.error ? 0 : 1),
    perLabel(
      'stoa_chainweb_height_blocks',
      'Height of the node’s tip.',
      'chain',
      chain.tips.map((tip) => [String(tip.chain), tip.height]),
    ),
    gauge('stoa_chainweb_peers', 'Entries of the node’s peer table.', chain.peers),
    gauge(
      'stoa_chainweb_uptime_seconds',
      'Time since the node’s process started.',
      seconds(process?.uptimeMs),
    ),
    gauge('stoa_chainweb_resident_memory_bytes', 'Resident memory of the node.', process?.rssBytes),
    gauge('stoa_chainweb_cpu_cores', 'Cores that the node keeps busy.', ratio(process?.cpuPermille)),
  ];
}

function ofHost({ host, commitment }: StatusSnapshot): Families {
  return [
    gauge('stoa_host_cpu_ratio', 'Share of all cores in use.', ratio(host?.cpuPermille)),
    gauge('stoa_host_load1', 'Load average over a minute.', host?.load[0]),
    gauge(
      'stoa_host_memory_available_bytes',
      'Memory that new programs could take.',
      host?.memoryAvailableBytes,
    ),
    gauge('stoa_host_memory_bytes', 'Memory of the host.', host?.memoryTotalBytes),
    counter(
      'stoa_host_network_receive_bytes_total',
      'Received on real interfaces since boot.',
      host?.rxBytes,
    ),
    counter('stoa_host_network_transmit_bytes_total', 'Sent on real interfaces since boot.', host?.txBytes),
    counter('stoa_host_disk_read_bytes_total', 'Read from whole disks since boot.', host?.diskReadBytes),
    counter(
      'stoa_host_disk_written_bytes_total',
      'Written to whole disks since boot.',
      host?.diskWrittenBytes,
    ),
    gauge('stoa_commitment_free_bytes', 'Free on the committed path.', commitment?.freeBytes),
    gauge(
      'stoa_commitment_required_bytes',
      'Free space that the commitment asks for.',
      commitment?.requiredBytes,
    ),
  ];
}
