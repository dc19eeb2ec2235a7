import { csvCell } from '../csv-cell.ts';
import type { ExportRow } from './listing.ts';
import type { Instant } from './liveness.ts';
import { stateName } from './state.ts';
import { toDetail } from './summary.ts';

const COLUMNS = [
  'node_id',
  'label',
  'state',
  'owner',
  'region',
  'role',
  'hardware',
  'tags',
  'version',
  'lag',
  'last_seen',
  'joined',
  'cpu',
  'memory',
  'disk',
  'load',
  'peers',
  'simulated',
] as const;

export const CSV_HEAD = `${COLUMNS.join(',')}\r\n`;

export function csvLine(row: ExportRow, at: Instant): string {
  const { facts, ...node } = toDetail(row);
  const told: Readonly<Record<(typeof COLUMNS)[number], string | number | boolean | undefined>> = {
    node_id: node.nodeId,
    label: node.label,
    state: stateName(facts, at),
    owner: node.owner,
    region: node.region,
    role: node.role,
    hardware: row.hw_type,
    tags: row.tags.join(' '),
    version: node.agentVersion,
    lag: facts.lag,
    last_seen: iso(facts.lastSeen),
    joined: iso(facts.createdAt),
    cpu: node.cpu,
    memory: node.memory,
    disk: node.disk,
    load: node.load,
    peers: node.peers,
    simulated: node.simulated,
  };
  return `${COLUMNS.map((column) => csvCell(told[column])).join(',')}\r\n`;
}

function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
