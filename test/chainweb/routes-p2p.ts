import { decodeCut } from '@stoa/protocol/chainweb';
import { json, type NodeRequest, type NodeResponse, refused, splitPath } from './exchange.ts';
import type { NodeView } from './node-view.ts';
import type { PactServingNode } from './pact/pact-node.ts';
import { answerMempool } from './pact/routes-mempool.ts';
import { answerCut } from './routes-cut.ts';
import { answerHeaders, chainOf, type HeaderLimits } from './routes-header.ts';
import { answerPayload } from './routes-payload.ts';

const LIMITS: HeaderLimits = { pageItems: 20, branchBounds: 4, objectEncoding: false, hashes: false };

/** The P2P port (1789): for other nodes, and for whoever wants to see this one from outside. */
export function answerP2p(node: PactServingNode, request: NodeRequest): NodeResponse {
  const { pathname } = splitPath(request.path);
  const response = answerPath(node, request, pathname) ?? refused(404);
  const peer = request.peer ?? '127.0.0.1:0';
  return { ...response, headers: { 'x-peer-addr': peer, ...response.headers } };
}

function answerPath(node: PactServingNode, request: NodeRequest, path: string): NodeResponse | undefined {
  if (path === '/config') {
    return json(200, configJson(node));
  }
  const base = `/chainweb/0.0/${node.settings.networkId}/`;
  if (!path.startsWith(base)) {
    return undefined;
  }
  const rest = path.slice(base.length);
  if (rest === 'cut') {
    return request.method === 'PUT' ? putCut(request) : answerCut(node, request);
  }
  if (rest === 'cut/peer') {
    return json(200, peersJson(node));
  }
  const [resource, chain = '', kind, ...call] = rest.split('/');
  if (resource !== 'chain') return undefined;
  if (kind === 'mempool')
    return answerMempool(node, request, { chain: chainOf(node, chain), call: call.join('/') });
  if (kind === 'payload') return answerPayload(node, request, call.join('/'));
  return answerHeaders(node, request, rest.slice('chain/'.length).split('/'), LIMITS);
}

/** A cut of another node: looked at, and not needed, since the simulation spreads blocks by itself. */
function putCut(request: NodeRequest): NodeResponse {
  try {
    decodeCut(request.body ?? '');
  } catch (error) {
    return refused(400, `Error in $: ${error instanceof Error ? error.message : String(error)}`);
  }
  return refused(204);
}

/** `--p2p-max-peer-count`. */
const MOST_PEERS = 100;

/** Addresses never change: a fleet asks for them thousands of times a minute. */
const addresses = new WeakMap<object, { readonly hostname: string; readonly port: number }>();

function peersJson(node: NodeView): string {
  const others = node.chainweb.nodes.slice(0, MOST_PEERS + 1).filter((each) => each !== node);
  const items = others.slice(0, MOST_PEERS).map((each) => ({ id: null, address: addressOf(each) }));
  return JSON.stringify({ limit: items.length, items, next: null });
}

function addressOf(node: { readonly p2pUrl: string }): { readonly hostname: string; readonly port: number } {
  const known = addresses.get(node);
  if (known !== undefined) return known;
  const { hostname, port } = new URL(node.p2pUrl);
  const address = { hostname, port: Number(port) };
  addresses.set(node, address);
  return address;
}

function configJson(node: NodeView): string {
  return JSON.stringify({
    chainwebVersion: node.settings.networkId,
    gasLimitOfBlock: node.settings.gasLimitOfBlock,
    minGasPrice: node.settings.minGasPrice,
    headerStream: node.settings.headerStream,
    reorgLimit: 480,
    reintroTxs: true,
  });
}
