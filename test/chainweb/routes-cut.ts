import { type Cut, uint256Text } from '@stoa/protocol/chainweb';
import { json, type NodeRequest, type NodeResponse, refused, splitPath } from './exchange.ts';
import type { NodeView } from './node-view.ts';

export function answerCut(node: NodeView, request: NodeRequest): NodeResponse {
  if (request.method !== 'GET') {
    return refused(405);
  }
  const max = splitPath(request.path).query.get('maxheight');
  return json(200, cutJson(node.cut(max === null ? undefined : Number(max))));
}

function cutJson(cut: Cut & { readonly id: string }): string {
  const hashes = Object.fromEntries(cut.tips.map(({ chain, height, hash }) => [chain, { height, hash }]));
  return JSON.stringify({
    origin: null,
    height: cut.height,
    weight: uint256Text(cut.weight),
    hashes,
    id: cut.id,
    instance: cut.instance,
  });
}
