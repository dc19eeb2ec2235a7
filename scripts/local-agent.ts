import { join } from 'node:path';
import { createDisk, describeError, IdentityStore, identityDirectory } from '@stoa/agent';
import type { Hub } from '@stoa/hub';
import { toHex } from '@stoa/protocol';
import { type AgentProcess, joinAgent, runAgent, untilFree } from '../test/kit/agent-process.ts';
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
  const known = await identityOf(agent.dataDir);
  // Another database may be behind the hub than the one that the node joined.
  if (known === undefined || (await hub.registry.certOf(known)) === undefined) {
    const token = await hub.tokens.create({
      owner: options.owner,
      createdBy: 'start',
      label: 'this machine',
      tags: ['local'],
    });
    await joinAgent(agent, { token, force: known !== undefined });
  }
  const nodeId = await identityOf(agent.dataDir);
  if (nodeId === undefined) throw new Error(`no identity in ${agent.dataDir} after joining`);
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

async function identityOf(dataDir: string): Promise<string | undefined> {
  const directory = identityDirectory({ dataDir, instance: 'default' });
  try {
    return toHex((await IdentityStore.open(createDisk(), directory)).nodeId);
  } catch (error) {
    if (describeError(error).code === 'not_enrolled') return undefined;
    throw error;
  }
}
