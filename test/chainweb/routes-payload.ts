import { json, type NodeRequest, type NodeResponse, plain } from './exchange.ts';
import type { NodeView } from './node-view.ts';

type Form = (hash: string) => object | undefined;

/** `payload/{hash}` and `payload/batch` of a chain, and both with `outputs`: `payload/{hash}/outputs`, `payload/outputs/batch`. */
export function answerPayload(node: NodeView, request: NodeRequest, path: string): NodeResponse | undefined {
  const { payloads } = node.chainweb;
  const [, hash = '', outputs] = /^([\w-]+)(\/outputs)?$/.exec(path) ?? [];
  const [, ofOutputs] = /^(outputs\/)?batch$/.exec(path) ?? [];
  const form: Form = (each) =>
    (outputs ?? ofOutputs) === undefined ? payloads.json(each) : payloads.outputsJson(each);
  if (request.method === 'POST') return path.endsWith('batch') ? answerBatch(request, form) : undefined;
  const found = form(hash);
  return found === undefined ? plain(404, 'key not found') : json(200, JSON.stringify(found));
}

/** Of the hashes that are asked for those that there are, in their order. */
function answerBatch(request: NodeRequest, form: Form): NodeResponse {
  let hashes: unknown;
  try {
    hashes = JSON.parse(request.body ?? '');
  } catch {
    return plain(400, 'Error in $: not a list of hashes');
  }
  if (!Array.isArray(hashes)) return plain(400, 'Error in $: not a list of hashes');
  const found = hashes.flatMap((hash) => form(String(hash)) ?? []);
  return json(200, JSON.stringify(found));
}
