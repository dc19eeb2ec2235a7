import { readFile } from 'node:fs/promises';
import { systemClock } from '@stoa/hub';
import { type Checkpoint, parseCheckpoint } from '@stoa/protocol/chainweb';
import { type SimulatedNetwork, startSimulator } from '../test/chainweb/index.ts';

/** The chain that a local fleet follows: a real node by URL, or a simulated network of its own. */
export interface LocalChain extends AsyncDisposable {
  readonly network: string;
  readonly serviceUrl: string;
  readonly p2pUrl: string | undefined;
  readonly checkpoint: Checkpoint;
  readonly simulated: SimulatedNetwork | undefined;
}

export interface RealChain {
  readonly serviceUrl: string;
  readonly p2pUrl: string | undefined;
  readonly checkpointFile: string;
}

export async function realChain({ serviceUrl, p2pUrl, checkpointFile }: RealChain): Promise<LocalChain> {
  const checkpoint = parseCheckpoint(await readFile(checkpointFile, 'utf8'));
  return {
    network: checkpoint.network.name,
    serviceUrl,
    p2pUrl,
    checkpoint,
    simulated: undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export async function simulatedChain(): Promise<LocalChain> {
  const { network, serviceUrl, p2pUrl, checkpoint, close } = await startSimulator({ clock: systemClock });
  return {
    network: network.network.name,
    serviceUrl,
    p2pUrl,
    checkpoint,
    simulated: network,
    [Symbol.asyncDispose]: close,
  };
}
