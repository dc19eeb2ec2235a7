import type { HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { type Viewer, viewerOf } from '../viewer.ts';
import type { NodeListing } from './listing.ts';
import { NODE_ID } from './node-id.ts';
import type { NodeDetail } from './summary.ts';

/** @throws {HttpError} `not_found` where there is no such node, and where the viewer may not see it. */
export async function seenNode(
  listing: Pick<NodeListing, 'find'>,
  viewer: Viewer,
  nodeId: string,
): Promise<NodeDetail> {
  const node = NODE_ID.test(nodeId) ? await listing.find(viewer, nodeId) : undefined;
  if (node === undefined) throw notFound('This node');
  return node;
}

/** What a page below /nodes/:id is about. @throws {HttpError} `not_found`. */
export function findNode(
  c: HubContext,
  { listing }: { readonly listing: Pick<NodeListing, 'find'> },
): Promise<NodeDetail> {
  return seenNode(listing, viewerOf(c), c.req.param('id') ?? '');
}
