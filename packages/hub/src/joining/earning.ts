import { TIP_WITHIN } from '../nodes/index.ts';
import { addressKind } from './address-kind.ts';
import type { JoinedNode } from './joined-nodes.ts';

/** `will`: nothing is in the way. `later`: time does it. `wont`: somebody has to. */
export type Outlook = 'will' | 'later' | 'wont' | 'unknown';

/** One of the seven gates of Stoicism, as this node stands before it. */
export interface Gate {
  readonly number: number;
  readonly name: string;
  readonly outlook: Outlook;
  readonly why: string;
  readonly fix?: string;
}

const WARM_UP_MS = 24 * 3_600_000;
const LEAST_PEERS = 2;
/** Free disk must exceed what was promised by this much. */
const SPARE = 1.05;
const GB = 1e9;
const P2P_PORT = 1789;

/**
 * What this node will earn and what not, each with its reason. A node that has just joined has no benchmark, and often no
 * payout account, so both are said, in amber: nodes have run for weeks unpaid without anybody noticing.
 */
export function earningOutlook(node: JoinedNode, now: number): readonly Gate[] {
  return [
    accountGate(node),
    benchmarkGate(node),
    tipGate(node),
    warmUpGate(node, now),
    commitmentGate(node),
    argvGate(node),
    servingGate(node),
  ];
}

function accountGate({ unpaid }: JoinedNode): Gate {
  const gate = { number: 1, name: 'Payout account' };
  return unpaid
    ? {
        ...gate,
        outlook: 'wont',
        why: 'No payout account is named for this node: its minutes are recorded, and nothing is banked.',
        fix: 'Name one on its Payout tab, or under Settings, Payout, for all your nodes.',
      }
    : { ...gate, outlook: 'will', why: 'An account is named; it holds from the full hour after that on.' };
}

function benchmarkGate({ unscored }: JoinedNode): Gate {
  const gate = { number: 2, name: 'Benchmark' };
  return unscored
    ? {
        ...gate,
        outlook: 'wont',
        why: 'No benchmark has run yet, so it has no ServerScore to earn by.',
        fix: 'Run one from its Score tab: chainweb is stopped for 3 to 5 minutes.',
      }
    : {
        ...gate,
        outlook: 'will',
        why: 'A benchmark gave it a ServerScore; it holds from the full hour after that on.',
      };
}

function tipGate({ chainweb, lag, forked }: JoinedNode): Gate {
  const gate = { number: 3, name: 'At the tip' };
  if (chainweb === 'down' || chainweb === 'stopped')
    return {
      ...gate,
      outlook: 'wont',
      why: `Its agent finds chainweb ${chainweb}.`,
      fix: 'Start chainweb. If it serves elsewhere than http://127.0.0.1:1848, set CHAINWEB_URL for the agent.',
    };
  if (lag === undefined)
    return { ...gate, outlook: 'later', why: 'Its tips are not all known to the hub yet.' };
  if (forked)
    return {
      ...gate,
      outlook: 'later',
      why: 'A tip lies on a branch that the network left; it finds back by itself.',
    };
  return lag <= TIP_WITHIN
    ? {
        ...gate,
        outlook: 'will',
        why: lag === 0 ? 'Every chain is at the head.' : `Every chain is at most ${lag} blocks behind.`,
      }
    : {
        ...gate,
        outlook: 'later',
        why: `Its worst chain is ${lag} blocks behind; up to ${TIP_WITHIN} count. It is syncing.`,
      };
}

function warmUpGate({ atTipAt, peers }: JoinedNode, now: number): Gate {
  const gate = { number: 4, name: 'Warm-up' };
  if (peers !== undefined && peers < LEAST_PEERS)
    return {
      ...gate,
      outlook: 'wont',
      why: `It has ${peers} peers; ${LEAST_PEERS} are the least.`,
      fix: `Let TCP port ${P2P_PORT} in and out, at the host and at the router.`,
    };
  if (atTipAt === undefined)
    return { ...gate, outlook: 'later', why: 'Starts once it is at the tip; takes 24 hours there.' };
  const until = new Date(now + WARM_UP_MS).toISOString().slice(0, 16).replace('T', ' ');
  return { ...gate, outlook: 'later', why: `24 hours at the tip; not before ${until} UTC.` };
}

function commitmentGate({ committedGb, diskFree }: JoinedNode): Gate {
  const gate = { number: 5, name: 'Committed disk' };
  if (committedGb === 0)
    return {
      ...gate,
      outlook: 'will',
      why: 'No disk space is promised: the gate is open, and its part of the score is 0.',
    };
  if (diskFree === undefined) return { ...gate, outlook: 'unknown', why: 'The free space is not known yet.' };
  const needed = committedGb * SPARE * GB;
  const free = `${Math.floor(diskFree / GB)} GB are free`;
  return diskFree >= needed
    ? { ...gate, outlook: 'will', why: `${committedGb} GB are promised, ${free}.` }
    : {
        ...gate,
        outlook: 'wont',
        why: `${committedGb} GB are promised, which takes ${Math.ceil(needed / GB)} free; ${free}.`,
        fix: 'Free some, or promise less (STOA_AGENT_COMMITTED_GB).',
      };
}

function argvGate({ argv }: JoinedNode): Gate {
  const gate = { number: 6, name: 'Arguments of chainweb' };
  if (argv === undefined || argv.length === 0)
    return {
      ...gate,
      outlook: 'unknown',
      why: 'Its agent has not seen a chainweb process on this host yet.',
    };
  const has = (flag: string) => argv.some((argument) => argument === flag || argument.startsWith(`${flag}=`));
  const missing = ['--p2p-hostname', '--enable-mempool-p2p', '--enable-backup-api'].filter(
    (flag) => !has(flag),
  );
  const harmful = ['--enable-private'].filter(has);
  if (missing.length + harmful.length === 0)
    return { ...gate, outlook: 'will', why: 'It runs with the arguments that help the network.' };
  const faults = [...missing.map((flag) => `${flag} is missing`), ...harmful.map((flag) => `${flag} is set`)];
  return {
    ...gate,
    outlook: 'wont',
    why: `${faults.join(', ')}.`,
    fix: 'Change its arguments and restart it.',
  };
}

function servingGate({ address }: JoinedNode): Gate {
  const gate = { number: 7, name: 'Reachable from outside' };
  if (address === undefined) return { ...gate, outlook: 'unknown', why: 'It has not connected yet.' };
  const kind = addressKind(address);
  if (kind === 'cgnat')
    return {
      ...gate,
      outlook: 'wont',
      why: `It is behind the carrier-grade NAT of its provider (${address}): nobody can dial in.`,
      fix: 'Ask the provider for a public IPv4 address, or send chainweb and the agent alike through a tunnel from a host that has one: it is dialled where the agent comes from. Forwarding a port at home cannot help.',
    };
  if (kind === 'private' || kind === 'loopback')
    return {
      ...gate,
      outlook: 'wont',
      why: `The hub sees it by the ${kind} address ${address}, which nobody else can dial.`,
      fix: `Give it a public address, or forward TCP port ${P2P_PORT} of the router to it.`,
    };
  return {
    ...gate,
    outlook: 'unknown',
    why: `It calls from ${address}. Whether its port ${P2P_PORT} answers is proven by other nodes that dial it.`,
    fix: `If it stands behind a router, forward TCP port ${P2P_PORT} to it.`,
  };
}
