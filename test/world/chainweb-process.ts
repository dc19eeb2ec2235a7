import type { SimulatedProcess } from './procfs.ts';
import type { Dice } from './random.ts';

/** A chainweb node with the canonical arguments of domain.md; a few leave out what the network asks for. */
export function chainwebProcess(name: string, network: string, dice: Dice): SimulatedProcess {
  return {
    pid: dice.integer(300, 30_000),
    argv: argvOf(name, network, dice),
    cgroup: dice.pick([
      '0::/system.slice/chainweb-node.service',
      '0::/system.slice/chainweb-node.service',
      `0::/system.slice/docker-${Buffer.from(dice.bytes(32)).toString('hex')}.scope`,
    ]),
    rssBytes: dice.number(1.8, 4.5) * 2 ** 30,
    startedMs: dice.integer(20_000, 600_000),
  };
}

function argvOf(name: string, network: string, dice: Dice): string[] {
  const key = Buffer.from(dice.bytes(32)).toString('hex');
  return [
    '/usr/local/bin/chainweb-node',
    '--chainweb-version',
    network,
    '--database-directory',
    '/var/lib/chainweb',
    '--p2p-hostname',
    `${name}.stoa.example`,
    '--p2p-port',
    '1789',
    '--service-port',
    '1848',
    '--service-interface',
    '127.0.0.1',
    '--p2p-max-peer-count',
    '100',
    '--p2p-max-session-count',
    '30',
    '--block-gas-limit',
    '2000000',
    '--min-gas-price',
    '0.00000001',
    ...(dice.chance(0.95) ? ['--enable-mempool-p2p'] : []),
    '--full-historic-pact-state',
    '--allowReadsInLocal',
    ...(dice.chance(0.97) ? ['--disable-private'] : []),
    '--backup-directory',
    '/var/lib/chainweb/backups',
    ...(dice.chance(0.93) ? ['--enable-backup-api'] : []),
    '--enable-mining-coordination',
    `--mining-public-key=${key}`,
    '--disable-node-mining',
    '+RTS',
    '-T',
    '-N',
  ];
}
