import { bytes, duration, mark } from '#cli/style.ts';
import type { StatusSnapshot } from '#status/snapshot.ts';

/** For people: three lamps with their reasons, the tips, and what the host has left. */
export function renderStatus(snapshot: StatusSnapshot, color: boolean): string {
  const { lamps } = snapshot;
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['node', identityLine(snapshot)],
    ...ownerRows(snapshot),
    ...(['agent', 'hub', 'chain'] as const).map((name): [string, string] => {
      const { state, why } = lamps[name];
      return [name, `${mark(state, color)} ${state.padEnd(7)} ${why}`];
    }),
    ...linkRows(snapshot),
    ...workRows(snapshot, color),
    ...updateRows(snapshot),
    ...chainRows(snapshot),
    ...hostRows(snapshot),
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)}${text}\n`).join('');
}

function identityLine({ nodeId, instance, version, uptimeMs, rssBytes, pid }: StatusSnapshot): string {
  const who = nodeId ? `${nodeId.slice(0, 16)}… (${instance})` : `not enrolled (${instance})`;
  return `${who}, agent ${version}, up ${duration(uptimeMs)}, ${bytes(rssBytes)}, pid ${pid}`;
}

function ownerRows({ nodeId, ownerKey }: StatusSnapshot): [string, string][] {
  if (nodeId === undefined) return [];
  if (ownerKey === undefined) return [['owner key', 'none pinned']];
  const { pinned, refused } = ownerKey;
  return [['owner key', refused === undefined ? `pinned ${pinned}` : `pinned ${pinned}; REFUSED ${refused}`]];
}

function linkRows({ link }: StatusSnapshot): [string, string][] {
  if (link === undefined) return [];
  const facts = [
    link.hubUrl,
    `${link.state} for ${duration(link.forMs)}`,
    link.transport,
    link.rttMs === undefined ? undefined : `round trip ${duration(link.rttMs)}`,
    link.pingMs === undefined ? undefined : `ping every ${duration(link.pingMs)}`,
    link.natIdleMs === undefined ? undefined : `NAT keeps silence for ${duration(link.natIdleMs)}`,
    link.skewMs === undefined ? undefined : `clock ${link.skewMs >= 0 ? '+' : ''}${link.skewMs} ms`,
    link.retryInMs === undefined ? undefined : `next attempt in ${duration(link.retryInMs)}`,
  ];
  const rows: [string, string][] = [['link', facts.filter((fact) => fact !== undefined).join(', ')]];
  if (link.lastFault) {
    const { at, code, message } = link.lastFault;
    rows.push(['last fault', `${new Date(at).toISOString()} ${code}: ${message}`]);
  }
  return rows;
}

/** Nothing where work is taken and none is there. */
function workRows({ work }: StatusSnapshot, color: boolean): [string, string][] {
  if (work === undefined) return [];
  const rows = work.running.map(({ kind, forMs }): [string, string] => [
    'work',
    `${kind} for ${duration(forMs)}`,
  ]);
  if (work.paused) rows.push(['work', 'paused: stoa-agent resume']);
  if (work.policyFault !== '') rows.push(['policy', `${mark('fail', color)} ${work.policyFault}`]);
  return rows;
}

function updateRows({ update }: StatusSnapshot): [string, string][] {
  // An agent of the release before this one does not tell.
  if (update === undefined) return [];
  const { version, slot, why, state, target } = update;
  const under = ['idle', 'confirmed'].includes(state)
    ? ''
    : ` (${state}${target === '' ? '' : ` ${target}`})`;
  return [['update', `${version}${slot === '' ? '' : ` in ${slot}`}: ${why}${under}`]];
}

function chainRows({ chain, process }: StatusSnapshot): [string, string][] {
  const rows: [string, string][] = [];
  if (chain.tips.length > 0)
    rows.push(['tips', chain.tips.map((tip) => `${tip.chain}:${tip.height}`).join('  ')]);
  const facts = [
    `${chain.network} at ${chain.url}`,
    chain.version && `chainweb-node ${chain.version}`,
    chain.peers === undefined ? undefined : `${chain.peers} peers`,
  ];
  rows.push(['node API', facts.filter(Boolean).join(', ')]);
  if (process) {
    const { kind, name } = process.supervision;
    const by = kind === 'unknown' ? 'supervision unknown' : `${kind} ${name}`;
    rows.push([
      'process',
      `pid ${process.pid}, ${by}, up ${duration(process.uptimeMs)}, ${bytes(process.rssBytes)}`,
    ]);
  }
  return rows;
}

function hostRows({ host, commitment }: StatusSnapshot): [string, string][] {
  const rows: [string, string][] = [];
  if (host) {
    const cpu = host.cpuPermille === undefined ? '' : `${(host.cpuPermille / 10).toFixed(0)} % of `;
    const memory = `${bytes(host.memoryAvailableBytes)} of ${bytes(host.memoryTotalBytes)} memory free`;
    rows.push(['host', `${cpu}${host.cpuCount} cores, load ${host.load[0]}, ${memory}`]);
  }
  if (commitment) {
    const { committedBytes, driveCommittedBytes, freeBytes, path } = commitment;
    const promised = committedBytes > 0 ? `, ${bytes(committedBytes)} promised` : '';
    const together =
      driveCommittedBytes > committedBytes
        ? `, ${bytes(driveCommittedBytes)} by all nodes of this drive`
        : '';
    rows.push(['disk', `${bytes(freeBytes)} free on ${path}${promised}${together}`]);
  }
  return rows;
}
