import { json, type NodeResponse, plain } from '../exchange.ts';
import type { PactRequest } from './pact-request.ts';
import { parsed } from './request-json.ts';
import { encodeProof } from './spv.ts';

/** A proof that a transaction of this chain is in the past of another one. */
export function answerSpv({ node, chain, body }: PactRequest): NodeResponse {
  const { requestKey, targetChainId } = (parsed(body) ?? {}) as {
    requestKey?: unknown;
    targetChainId?: unknown;
  };
  const target = Number(targetChainId);
  if (typeof requestKey !== 'string' || node.chainweb.network.graph[target] === undefined)
    return plain(400, 'Error in $: parsing SpvRequest failed');
  const found = node.pact.find(chain, requestKey);
  if (found === undefined) return plain(400, `Transaction hash not found: ${requestKey}`);
  const reached = node.chainweb.ledger.past(node.head(target).header, chain);
  return reached === undefined || reached.header.height < found.block.header.height
    ? plain(400, 'SPV target not reachable: target chain not reachable. Chainweb instance is too young')
    : json(200, JSON.stringify(encodeProof({ chain, requestKey })));
}
