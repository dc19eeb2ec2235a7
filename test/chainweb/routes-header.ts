import { encodeHeader, encodeHeaderObject, encodeHeaderText } from '@stoa/protocol/chainweb';
import type { Block } from './block.ts';
import {
  binary,
  json,
  type NodeRequest,
  type NodeResponse,
  notFound,
  refused,
  splitPath,
} from './exchange.ts';
import { ascendingPage, type Bounds, branchPage, type Page } from './header-page.ts';
import type { NodeView } from './node-view.ts';

/** What differs between the two ports. */
export interface HeaderLimits {
  readonly pageItems: number;
  readonly branchBounds: number;
  readonly objectEncoding: boolean;
  /** Whether /hash is served beside /header. */
  readonly hashes: boolean;
}

type Encoding = 'text' | 'object' | 'binary';

/** Answers `/chain/{chain}/{header|hash}...`; undefined where there is no such path. */
export function answerHeaders(
  node: NodeView,
  request: NodeRequest,
  [chainText = '', kind = '', key]: readonly string[],
  limits: HeaderLimits,
): NodeResponse | undefined {
  const chain = chainOf(node, chainText);
  if (chain === undefined || !(kind === 'header' || (kind === 'hash' && limits.hashes))) {
    return undefined;
  }
  const query = splitPath(request.path).query;
  const bounds = boundsOf(query, limits.pageItems);
  if (key === undefined || key === 'branch') {
    const encoding = encodingOf(request, limits);
    if (encoding === undefined || encoding === 'binary') {
      return refused(406);
    }
    const page =
      key === undefined ? ascendingPage(node, chain, bounds) : branchOf(node, request, bounds, limits);
    return 'status' in page ? page : pageJson(page, kind, encoding, node);
  }
  return kind === 'header' ? oneHeader(node, request, key, limits) : undefined;
}

function oneHeader(node: NodeView, request: NodeRequest, hash: string, limits: HeaderLimits): NodeResponse {
  const encoding = encodingOf(request, limits);
  if (encoding === undefined) {
    return refused(406);
  }
  const block = node.find(hash);
  if (block === undefined) {
    return notFound(hash);
  }
  return encoding === 'binary'
    ? binary(encodeHeader(block.header))
    : json(200, itemJson(block, 'header', encoding, node));
}

function branchOf(
  node: NodeView,
  request: NodeRequest,
  bounds: Bounds,
  limits: HeaderLimits,
): Page | NodeResponse {
  if (request.method !== 'POST') {
    return refused(405);
  }
  const [upper, lower] = hashLists(request.body ?? '');
  if (upper === undefined || lower === undefined) {
    return refused(400, 'Error in $: parsing branch bounds failed');
  }
  if (upper.length > limits.branchBounds || lower.length > limits.branchBounds) {
    return refused(400, `upper or lower branch bound limit of ${limits.branchBounds} exceeded`);
  }
  const missing = upper.find((hash) => node.find(hash) === undefined);
  return missing === undefined
    ? branchPage(node, known(node, upper), known(node, lower), bounds)
    : notFound(missing);
}

function known(node: NodeView, hashes: readonly string[]): Block[] {
  return hashes.map((hash) => node.find(hash)).filter((block) => block !== undefined);
}

function hashLists(body: string): [string[] | undefined, string[] | undefined] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [undefined, undefined];
  }
  const list = (name: string): string[] | undefined => {
    const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    return Array.isArray(field) && field.every((each) => typeof each === 'string') ? field : undefined;
  };
  return [list('upper'), list('lower')];
}

function boundsOf(query: URLSearchParams, pageItems: number): Bounds {
  const number = (name: string, missing: number): number => {
    const text = query.get(name);
    return text !== null && /^\d+$/.test(text) ? Number(text) : missing;
  };
  return {
    limit: Math.min(number('limit', pageItems), pageItems),
    next: query.get('next'),
    minHeight: number('minheight', 0),
    maxHeight: number('maxheight', Number.POSITIVE_INFINITY),
  };
}

function encodingOf(request: NodeRequest, limits: HeaderLimits): Encoding | undefined {
  const accept = (request.headers?.['accept'] ?? '*/*').replaceAll(' ', '');
  if (accept.includes('blockheader-encoding=object')) {
    return limits.objectEncoding ? 'object' : undefined;
  }
  if (accept.includes('application/octet-stream')) {
    return 'binary';
  }
  return /application\/json|application\/\*|\*\/\*/.test(accept) ? 'text' : undefined;
}

function pageJson(page: Page, kind: string, encoding: Encoding, node: NodeView): NodeResponse {
  const items = page.items.map((block) => itemJson(block, kind, encoding, node));
  return json(
    200,
    `{"limit":${items.length},"items":[${items.join(',')}],"next":${JSON.stringify(page.next)}}`,
  );
}

function itemJson({ header }: Block, kind: string, encoding: Encoding, node: NodeView): string {
  if (kind === 'hash') {
    return JSON.stringify(header.hash);
  }
  return encoding === 'object'
    ? encodeHeaderObject(header, node.chainweb.network)
    : JSON.stringify(encodeHeaderText(header));
}

/** @returns undefined where there is no such chain */
export function chainOf(node: NodeView, text: string): number | undefined {
  return /^\d{1,3}$/.test(text) && Number(text) < node.chainweb.network.graph.length
    ? Number(text)
    : undefined;
}
