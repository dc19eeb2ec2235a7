import {
  type ChainwebNetwork,
  createCheckpoint,
  decodeCut,
  decodeHeaderText,
  formatCheckpoint,
  networkByName,
} from '@stoa/protocol/chainweb';
import { HubError } from '../error.ts';
import type { CommandContext } from './context.ts';

/** How far below the head the checkpoint is taken: deep enough that no fork reaches it. */
const DEPTH = 60;

/** `stoa-hub checkpoint URL`: pins the headers of a node that the admin trusts. Everything verified later rests on them. */
export async function checkpoint({ config, out }: CommandContext, nodeUrl: string): Promise<void> {
  const network = networkByName(config.network);
  if (network === undefined)
    throw new HubError('unknown_network', `CHAINWEB_NETWORK='${config.network}' is no network known here`, {
      retry: false,
    });
  const base = `${nodeUrl.replace(/\/$/, '')}/chainweb/0.0/${network.name}`;
  const cut = decodeCut(await getText(`${base}/cut`));
  const height = Math.max(0, Math.min(...cut.tips.map((tip) => tip.height)) - DEPTH);
  const headers = await Promise.all(cut.tips.map((tip) => headerAt(base, tip, { height, network })));
  out(formatCheckpoint(createCheckpoint(network, headers)));
}

async function headerAt(
  base: string,
  tip: { chain: number; hash: string },
  at: { height: number; network: ChainwebNetwork },
): Promise<ReturnType<typeof decodeHeaderText>> {
  const page = await getText(
    `${base}/chain/${tip.chain}/header/branch?minheight=${at.height}&maxheight=${at.height}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ lower: [], upper: [tip.hash] }),
    },
  );
  const { items } = JSON.parse(page) as { items?: unknown };
  const [first] = Array.isArray(items) ? items : [];
  if (typeof first !== 'string')
    throw new HubError('no_header', `the node has no header of chain ${tip.chain} at height ${at.height}`, {
      retry: true,
    });
  return decodeHeaderText(first);
}

async function getText(url: string, init?: RequestInit): Promise<string> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) }).catch(
    (cause: unknown) => {
      throw new HubError(
        'node_unreachable',
        `${url} does not answer: is it the service API of a chainweb node?`,
        { retry: true, cause },
      );
    },
  );
  if (!response.ok)
    throw new HubError('node_unreachable', `${url} answers ${response.status}; 200 expected`, {
      retry: true,
    });
  return response.text();
}
