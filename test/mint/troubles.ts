import type { Random } from '../chainweb/index.ts';
import { readCommand } from '../chainweb/pact/command.ts';
import {
  accountOf,
  crowdOut,
  Decimal,
  troubles as ofChain,
  reorganise,
  signCommand,
} from '../chainweb/pact/index.ts';
import { LIES } from './liar.ts';
import type { Site } from './site.ts';

/** Something that goes wrong in a site, and ends when it is told to. */
export interface SiteTrouble {
  readonly name: string;
  /** Makes a node say what is not so: two at once would outvote the third. */
  readonly misleads?: boolean;
  begin(site: Site, random: Random): Promise<() => Promise<void> | void> | (() => Promise<void> | void);
}

const nothing = (): void => undefined;
const upTo = (random: Random, most: number): number => 1 + Math.floor(random() * most);
const oneOf = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;

/** A hub takes some thousand steps from a cut to its end. */
const MOST_STEPS = 400;
const MISLEADING = new Set(['node on a wrong fork', 'node lags', 'node is stuck', 'node of another network']);

export const siteTroubles: readonly SiteTrouble[] = [
  ...ofChain
    .filter(({ name }) => !name.startsWith('reorganisation'))
    .map(
      ({ name, begin }): SiteTrouble => ({
        name,
        misleads: MISLEADING.has(name),
        begin: ({ chain }, random) => begin(chain, random),
      }),
    ),
  ...(['kept', 'reordered', 'returned', 'lost'] as const).map(
    (fate): SiteTrouble => ({
      name: `reorganisation of 1 to 20 blocks, transactions ${fate}`,
      begin: ({ chain: { network } }, random) => {
        reorganise(network, { depth: upTo(random, 20), fate });
        return nothing;
      },
    }),
  ),
  {
    name: 'hub is killed',
    begin: ({ hubs }, random) => {
      oneOf(random, hubs).killAfter(upTo(random, MOST_STEPS));
      return nothing;
    },
  },
  {
    name: 'hub is killed again and again',
    begin: ({ hubs }, random) => {
      for (const hub of hubs) hub.killAfter(upTo(random, 60));
      return () => hubs.forEach((hub) => void hub.killAfter(upTo(random, 60)));
    },
  },
  {
    name: 'hub stands still in the midst of its work',
    begin: ({ hubs }, random) => {
      const hub = oneOf(random, hubs);
      hub.stopAfter(upTo(random, MOST_STEPS));
      return () => hub.goOn();
    },
  },
  {
    name: 'clock of a hub is fast',
    begin: ({ hubs }, random) => skewed(oneOf(random, hubs), upTo(random, 300_000)),
  },
  {
    name: 'clock of a hub is slow',
    begin: ({ hubs }, random) => skewed(oneOf(random, hubs), -upTo(random, 300_000)),
  },
  {
    name: 'signer loses power',
    begin: ({ signer }, random) => {
      signer.crashAfter(upTo(random, 24));
      return () => signer.turnOn();
    },
  },
  {
    name: 'signer is off',
    begin: ({ signer }) => {
      signer.turnOff();
      return () => signer.turnOn();
    },
  },
  {
    name: 'clock of the signer is fast',
    begin: ({ signer }, random) => skewed(signer, upTo(random, 900_000)),
  },
  {
    name: 'a node lies',
    misleads: true,
    begin: ({ liars }, random) => {
      const liar = oneOf(random, liars);
      liar.lie = oneOf(random, LIES);
      return () => {
        liar.lie = undefined;
      };
    },
  },
  { name: 'the gas account of a chain is drained', begin: drain },
  {
    name: 'blocks are full of what pays more',
    begin: ({ chain, stranger }, random) => {
      for (const each of chain.network.network.graph.keys())
        if (random() < 0.5)
          crowdOut(chain, { key: stranger, chain: each, blocks: upTo(random, 12), gasPrice: 1e-6 });
      return nothing;
    },
  },
  {
    name: 'all chains stand still',
    begin: ({ chain: { network } }) => {
      for (const each of network.network.graph.keys()) network.stall(each);
      return () => {
        for (const each of network.network.graph.keys()) network.resume(each);
      };
    },
  },
  {
    name: 'gas is dearer, and people pay more',
    begin: (site) => {
      for (const node of site.chain.nodes) node.configure({ minGasPrice: 5e-8 });
      return () => {
        site.gasPrice = 6e-8;
        for (const hub of site.hubs) hub.restart();
      };
    },
  },
];

function skewed(machine: { skewMs: number }, ms: number): () => void {
  machine.skewMs = ms;
  return () => {
    machine.skewMs = 0;
  };
}

/** Whoever may spend from it does; when people hear of it they fill it up again. */
function drain(site: Site, random: Random): () => void {
  const { network } = site.chain;
  const at = Math.floor(random() * network.network.graph.length);
  const stranger = accountOf(site.stranger);
  const { units } = balanceOf(site, at);
  const amount = new Decimal(units - DUST).toString();
  transfer(site, { at, from: site.gasAccount, to: stranger, amount });
  return () => transfer(site, { at, from: stranger, to: site.gasAccount, amount });
}

/** Pays for nothing. */
const DUST = 1_000n;

function balanceOf({ chain: { network }, gasAccount }: Site, at: number): Decimal {
  const { tables } = network.ledger.stateOf(network.main.tip(at).header);
  return tables.get('coin_coin-table')!.get(gasAccount)!['balance'] as Decimal;
}

function transfer(
  { chain, stranger: key }: Site,
  { at, from, to, amount }: { at: number; from: string; to: string; amount: string },
): void {
  const signed = signCommand(chain, {
    ...{ key, chain: at, gasPrice: 1e-6, nonce: `${chain.clock.now()} ${from}` },
    code: `(coin.transfer "${from}" "${to}" ${amount})`,
    capabilities: [{ name: 'coin.TRANSFER', args: [from, to, { decimal: amount }] }],
  });
  const command = readCommand(signed);
  for (const node of chain.nodes) node.pact.offer(at, command);
}
