import { askP2p, askService } from '#collectors/chainweb-info.ts';
import { optionOf } from '#collectors/process.ts';
import { describeError } from '#error.ts';
import type { JobHandler } from '#work/handler.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { listenersOf } from '#work/kinds/listeners.ts';
import { findNode, lookAtTip, nodeOf } from '#work/kinds/node-watch.ts';

const FEWEST_PEERS = 2;
const TIP_AGE_MS = 5 * 60_000;
const MARGIN = 1.05;
const GB = 1e9;
/** Without these no peer finds it, or its database lies where nobody looks for it. */
const NEEDED = ['--p2p-hostname', '--database-directory'];

type Check = readonly [name: string, look: () => Promise<string>];

/** Each check says what it saw, or throws why not: a node that fails is a finding of the job, not its failure. */
export function nodeTest(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const failed: Record<string, string> = {};
      const seen: Record<string, string> = {};
      for (const [name, look] of checksOf(deps, job.signal)) {
        job.progress(undefined, name);
        try {
          const said = await look();
          seen[name] = said.slice(0, 80);
          job.log(`${name}: ${said}`);
        } catch (error) {
          job.signal.throwIfAborted();
          const { message } = describeError(error);
          failed[name] = message.slice(0, 100);
          job.log(`${name}: FAILED, ${message}`);
        }
      }
      return { report: { ok: Object.keys(failed).length === 0, seen, failed } };
    },
  };
}

function checksOf(deps: KindDeps, signal: AbortSignal): Check[] {
  const { config, disk } = deps;
  return [
    [
      'process',
      async () => {
        const { node, count } = await findNode(deps, signal);
        return node
          ? `${count} running, ${node.supervision.kind}`
          : fail('no chainweb-node runs on this host');
      },
    ],
    ['service', async () => (await askService(nodeOf(deps), signal)).version],
    [
      'arguments',
      async () => {
        const argv = (await findNode(deps, signal)).node?.argv ?? fail('no chainweb-node serves these ports');
        const missing = NEEDED.filter((option) => optionOf(argv, option) === undefined);
        return missing.length === 0 ? `${argv.length - 1}` : fail(`it has no ${missing.join(', ')}`);
      },
    ],
    [
      'ports',
      async () => {
        const ports = [config.chainwebUrl, config.chainwebP2pUrl].map((url) => Number(new URL(url).port));
        const deaf = ports.filter((port) => listenersOf(deps.proc, port).length === 0);
        return deaf.length === 0 ? ports.join(', ') : fail(`nothing listens on ${deaf.join(', ')}`);
      },
    ],
    [
      'certificate',
      async () => {
        const { tlsFingerprint, tlsValidUntil } = await askP2p(nodeOf(deps), signal);
        if (tlsFingerprint === undefined || tlsValidUntil === undefined)
          fail('the P2P port shows no certificate');
        const day = new Date(tlsValidUntil).toISOString().slice(0, 10);
        return tlsValidUntil > deps.clock.now()
          ? `${tlsFingerprint}, until ${day}`
          : fail(`it ended on ${day}`);
      },
    ],
    [
      'peers',
      async () => {
        const { peers } = await askP2p(nodeOf(deps), signal);
        return peers >= FEWEST_PEERS ? `${peers}` : fail(`${peers} peers, ${FEWEST_PEERS} are needed`);
      },
    ],
    [
      'tip',
      async () => {
        const { cut, behindMs } = await lookAtTip(deps, signal);
        const seconds = Math.round(behindMs / 1000);
        return behindMs <= TIP_AGE_MS
          ? `height ${cut.height}, ${seconds} s old`
          : fail(`the oldest tip is ${seconds} s old`);
      },
    ],
    [
      'commitment',
      async () => {
        const { freeBytes } = await disk.space(config.committedPath);
        const needed = config.committedGb * GB * MARGIN;
        const free = `${Math.floor(freeBytes / GB)} GB free`;
        return freeBytes >= needed ? free : fail(`${free}, ${Math.ceil(needed / GB)} GB are needed`);
      },
    ],
  ];
}

function fail(why: string): never {
  throw new Error(why);
}
