import { createDisk, storeIdentity } from '@stoa/agent';
import type { Hub } from '@stoa/hub';
import { toHex } from '@stoa/protocol';
import {
  type AgentProcess,
  type AgentProcessOptions,
  identityIn,
  joinAgent,
  runAgent,
  untilFree,
} from '../test/kit/agent-process.ts';
import type { LocalChain } from './local-chain.ts';

export interface LocalAgent extends AsyncDisposable {
  readonly process: AgentProcess;
  /** Hex. */
  readonly nodeId: string;
  /** Settles when the agent ends before it is disposed of. */
  readonly ended: Promise<string>;
}

export interface LocalAgentOptions {
  readonly dataDir: string;
  readonly owner: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told each line that the agent logs. */
  readonly onLine: (line: string) => void;
}

const STOP_MS = 9_000;

/** The real agent in a process of its own, joined by a real token, as an operator would. */
export async function startLocalAgent(
  hub: Hub,
  chain: LocalChain,
  options: LocalAgentOptions,
): Promise<LocalAgent> {
  const agent = {
    dataDir: options.dataDir,
    onLine: options.onLine,
    env: {
      STOA_AGENT_LOG_LEVEL: 'warn',
      ...options.env,
      CHAINWEB_NETWORK: chain.network,
      CHAINWEB_URL: chain.serviceUrl,
      ...(chain.p2pUrl === undefined ? {} : { CHAINWEB_P2P_URL: chain.p2pUrl }),
    },
  };
  await untilFree(agent.dataDir);
  const nodeId = (await resume(agent.dataDir, hub)) ?? (await join(agent, hub, options.owner));
  const process = runAgent(agent);
  const stopping = Promise.withResolvers<never>();
  let asked = false;
  return {
    process,
    nodeId,
    ended: process.ended.then((end) => (asked ? stopping.promise : `${end}: ${process.output()}`)),
    async [Symbol.asyncDispose]() {
      asked = true;
      await process.stop(STOP_MS);
    },
  };
}

/** The node of an earlier start, unless the database behind the hub is another one than it joined. */
async function resume(dataDir: string, hub: Hub): Promise<string | undefined> {
  const store = await identityIn(dataDir);
  if (store === undefined) return undefined;
  const nodeId = toHex(store.nodeId);
  if ((await hub.registry.certOf(nodeId)) === undefined) return undefined;
  const { origin } = hub.url;
  // PORT or HOST may be others than last time.
  if (store.identity.hubs[0] !== origin)
    await storeIdentity(createDisk(), store.directory, { ...store.identity, hubs: [origin] });
  return nodeId;
}

async function join(agent: AgentProcessOptions, hub: Hub, owner: string): Promise<string> {
  const token = await hub.tokens.create({
    owner,
    createdBy: 'start',
    label: 'this machine',
    tags: ['local'],
  });
  await joinAgent(agent, { token, force: (await identityIn(agent.dataDir)) !== undefined });
  const store = await identityIn(agent.dataDir);
  if (store === undefined) throw new Error(`the agent joined, and left no identity in ${agent.dataDir}`);
  return toHex(store.nodeId);
}
