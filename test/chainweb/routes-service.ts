import { json, type NodeRequest, type NodeResponse, plain, refused } from './exchange.ts';
import type { NodeView } from './node-view.ts';
import { answerCut } from './routes-cut.ts';
import { answerHeaders, type HeaderLimits } from './routes-header.ts';
import { answerLocal } from './routes-pact.ts';
import { answerPayload } from './routes-payload.ts';

const LIMITS: HeaderLimits = { pageItems: 360, branchBounds: 32, objectEncoding: true, hashes: true };

/** The service port (1848): plain HTTP, for clients of the node. */
export function answerService(node: NodeView, request: NodeRequest): NodeResponse {
  const { pathname } = new URL(request.path, 'http://node');
  const response = answerPath(node, request, pathname) ?? refused(404);
  return { ...response, headers: { 'access-control-allow-origin': '*', ...response.headers } };
}

function answerPath(node: NodeView, request: NodeRequest, path: string): NodeResponse | undefined {
  if (path === '/info') {
    return json(200, infoJson(node));
  }
  if (path === '/health-check') {
    return node.draining
      ? plain(503, 'Failed health check due to service drain.\n')
      : plain(200, 'Health check OK.\n');
  }
  const base = `/chainweb/0.0/${node.chainweb.network.name}/`;
  if (!path.startsWith(base)) {
    return undefined;
  }
  const [resource, ...rest] = path.slice(base.length).split('/');
  if (resource === 'cut' && rest.length === 0) {
    return answerCut(node, request);
  }
  if (resource === 'header' && rest.join('/') === 'updates' && node.settings.headerStream) {
    return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: '', wire: 'stream' };
  }
  const [chain = '', ...call] = rest;
  if (resource === 'chain' && call.join('/') === 'pact/api/v1/local' && request.method === 'POST') {
    return answerLocal(node, request, chain);
  }
  if (resource === 'chain' && call[0] === 'payload' && call.length === 2) {
    return answerPayload(node, request, call[1]!);
  }
  return resource === 'chain' && rest.length <= 3 ? answerHeaders(node, request, rest, LIMITS) : undefined;
}

function infoJson(node: NodeView): string {
  const { graph, name, blockDelayMs } = node.chainweb.network;
  const chains = graph.map((_neighbours, chain) => String(chain));
  const history = [[0, graph.map((neighbours, chain) => [chain, neighbours])]];
  return JSON.stringify({
    nodeApiVersion: '0.0',
    nodeBlockDelay: blockDelayMs * 1_000,
    nodeChains: chains,
    nodeGenesisHeights: chains.map((chain) => [chain, 0]),
    nodeGraphHistory: history,
    nodeHistoricalChains: history,
    nodeLatestBehaviorHeight: 1,
    nodeNumberOfChains: graph.length,
    nodePackageVersion: node.settings.packageVersion,
    nodeVersion: name,
  });
}
