import { json, type NodeResponse, plain, refused } from '../exchange.ts';
import { failure, jsonOf, resultJson } from './outcome.ts';
import type { PactRequest } from './pact-request.ts';
import { parsed, textsIn } from './request-json.ts';

/** How long a node keeps the line open for a result. */
const LISTEN_MS = 180_000;

/** Those that are found. What is pending, expired or unknown is just not there. */
export function answerPoll({ node, chain, query, body }: PactRequest): NodeResponse {
  const keys = textsIn((parsed(body) as { requestKeys?: unknown } | undefined)?.requestKeys);
  if (keys === undefined || keys.length === 0) return plain(400, 'Error in $: parsing Poll failed');
  const depth = Number(query.get('confirmationDepth') ?? 0);
  const found = keys.flatMap((key) => {
    const result = resultOf({ node, chain }, key, depth);
    return result === undefined ? [] : [`${JSON.stringify(key)}:${result}`];
  });
  return json(200, `{${found.join(',')}}`);
}

/** Answers once the transaction is mined, whatever its depth, or with a 504. */
export function answerListen({ node, chain, body }: PactRequest): NodeResponse {
  const key = (parsed(body) as { listen?: unknown } | undefined)?.listen;
  if (typeof key !== 'string') return plain(400, 'Error in $: parsing ListenerRequest failed');
  const until = node.chainweb.clock.now() + LISTEN_MS;
  const later = node.chainweb.until(() => {
    const result = resultOf({ node, chain }, key, 0);
    if (result !== undefined) return json(200, result);
    return node.chainweb.clock.now() >= until ? refused(504) : undefined;
  });
  return { ...refused(504), later };
}

function resultOf(
  { node, chain }: Pick<PactRequest, 'node' | 'chain'>,
  key: string,
  depth: number,
): string | undefined {
  const found = node.pact.find(chain, key, depth);
  if (found !== undefined) return resultJson(found.outcome, found.block);
  const why = node.pact.mempool(chain).verdictOn(key);
  const none = { gas: 0, logs: key, events: [], continuation: null, txId: null };
  return why && jsonOf({ reqKey: key, ...none, result: failure(why, 'TxFailure') }, null);
}
