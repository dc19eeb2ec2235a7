import { type ChainwebProcesses, optionOf } from '#collectors/process.ts';

/** What chainweb-node serves where its arguments say nothing. */
const USUAL = { servicePort: '1848', p2pPort: '1789' };

export interface NodePorts {
  readonly servicePort: string;
  readonly p2pPort: string;
}

/**
 * The process, where it is surely the node of these ports: reports may name the next best one of a host, but nobody stops
 * a node by a guess. A container may map other ports to those: there, being the only node of the host has to do.
 */
export function ownNode({ node, count }: ChainwebProcesses, ports: NodePorts): ChainwebProcesses['node'] {
  if (node === undefined) return undefined;
  const { argv, supervision } = node;
  const serves =
    (optionOf(argv, '--service-port') ?? USUAL.servicePort) === ports.servicePort &&
    (optionOf(argv, '--p2p-port') ?? USUAL.p2pPort) === ports.p2pPort;
  const contained = supervision.kind === 'docker' || supervision.kind === 'compose';
  return serves || (contained && count === 1) ? node : undefined;
}
