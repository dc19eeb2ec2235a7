import { json, type NodeRequest, type NodeResponse, plain } from './exchange.ts';
import type { NodeView } from './node-view.ts';

/** `GET chain/{c}/payload/{hash}`, and `POST chain/{c}/payload/batch`. */
export function answerPayload(node: NodeView, request: NodeRequest, name: string): NodeResponse | undefined {
  if (request.method === 'POST') return name === 'batch' ? answerBatch(node, request) : undefined;
  const found = node.chainweb.payloads.json(name);
  return found === undefined ? plain(404, 'key not found') : json(200, JSON.stringify(found));
}

/** Of the hashes that are asked for those that there are, in their order. */
function answerBatch(node: NodeView, request: NodeRequest): NodeResponse {
  let hashes: unknown;
  try {
    hashes = JSON.parse(request.body ?? '');
  } catch {
    return plain(400, 'Error in $: not a list of hashes');
  }
  if (!Array.isArray(hashes)) return plain(400, 'Error in $: not a list of hashes');
  const found = hashes.flatMap((hash) => node.chainweb.payloads.json(String(hash)) ?? []);
  return json(200, JSON.stringify(found));
}
