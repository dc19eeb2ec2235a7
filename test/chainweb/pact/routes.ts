import { type NodeRequest, type NodeResponse, refused, splitPath } from '../exchange.ts';
import type { PactServingNode } from './pact-node.ts';
import type { PactRequest } from './pact-request.ts';
import { answerLocal } from './routes-local.ts';
import { answerListen, answerPoll } from './routes-results.ts';
import { answerSend } from './routes-send.ts';
import { answerSpv } from './routes-spv.ts';

const ROUTES: Readonly<Record<string, (asked: PactRequest) => NodeResponse>> = {
  'api/v1/send': answerSend,
  'api/v1/poll': answerPoll,
  'api/v1/listen': answerListen,
  'api/v1/local': answerLocal,
  spv: answerSpv,
};

/** `chain/{c}/pact/…`, of the service port alone. */
export function answerPact(
  node: PactServingNode,
  request: NodeRequest,
  { chain, call }: { chain: number | undefined; call: string },
): NodeResponse | undefined {
  const route = ROUTES[call];
  if (route === undefined || chain === undefined) return undefined;
  if (request.method !== 'POST') return refused(405);
  const query = splitPath(request.path).query;
  return route({ node, chain, query, body: request.body ?? '' });
}
