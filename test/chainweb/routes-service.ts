import { json, type NodeRequest, type NodeResponse, plain, refused, splitPath } from './exchange.ts';
import type { NodeView } from './node-view.ts';
import type { PactServingNode } from './pact/pact-node.ts';
import { answerPact } from './pact/routes.ts';
import { answerCut } from './routes-cut.ts';
import { answerHeaders, chainOf, type HeaderLimits } from './routes-header.ts';
import { answerPayload } from './routes-payload.ts';

const LIMITS: HeaderLimits = { pageItems: 360, branchBounds: 32, objectEncoding: true, hashes: true };

/** The service port (1848): plain HTTP, for clients of the node. */
export function answerService(node: PactServingNode, request: NodeRequest): NodeResponse {
  const { pathname } = splitPath(request.path);
  const response = answerPath(node, request, pathname) ?? refused(404);
  return { ...response, headers: { 'access-control-allow-origin': '*', ...response.headers } };
}

function answerPath(node: PactServingNode, request: NodeRequest, path: string): NodeResponse | undefined {
  if (path === '/info') {
    return json(200, infoJson(node));
  }
  if (path === '/health-check') {
    return node.draining
      ? plain(503, 'Failed health check due to service drain.\n')
      : plain(200, 'Health check OK.\n');
  }
  const base = `/chainweb/0.0/${node.settings.networkId}/`;
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
  if (resource !== 'chain') return undefined;
  const [chain = '', kind = '', ...call] = rest;
  if (kind === 'pact')
    return answerPact(node, request, { chain: chainOf(node, chain), call: call.join('/') });
  if (kind === 'payload') return answerPayload(node, request, call.join('/'));
  return rest.length <= 3 ? answerHeaders(node, request, rest, LIMITS) : undefined;
}

function infoJson(node: NodeView): string {
  const { graph, blockDelayMs } = node.chainweb.network;
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
    nodeVersion: node.settings.networkId,
  });
}
