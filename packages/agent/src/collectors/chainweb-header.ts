import { HEADER_BYTES, hashText } from '@stoa/protocol/chainweb';
import { type ChainwebDeps, expectOk, networkPath } from '#collectors/chainweb-api.ts';
import { AgentError } from '#error.ts';
import { HttpError } from '#http-error.ts';

export interface HeaderId {
  readonly chain: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Code `header_unknown`: the node does not hold that header (any more). */
export class HeaderUnknownError extends AgentError<'header_unknown'> {
  override readonly name = 'HeaderUnknownError';

  constructor({ chain, hash }: HeaderId) {
    super('header_unknown', `the node holds no header ${hashText(hash)} of chain ${chain}`, { retry: false });
  }
}

const TIMEOUT_MS = 5000;

/**
 * A header as chainweb serialises it, 318 bytes, not looked into: it is the hub's to verify.
 *
 * @throws HeaderUnknownError, HttpError, ChainwebNodeError
 */
export async function fetchHeader(
  { http, serviceUrl, network }: Pick<ChainwebDeps, 'http' | 'serviceUrl' | 'network'>,
  id: HeaderId,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const url = `${serviceUrl}${networkPath(network)}/chain/${id.chain}/header/${hashText(id.hash)}`;
  const headers = { accept: 'application/octet-stream' };
  const response = await http.request({ url, headers, timeoutMs: TIMEOUT_MS, maxBytes: 1024, signal });
  if (response.status === 404) throw new HeaderUnknownError(id);
  expectOk(response, url, network);
  if (response.body.length !== HEADER_BYTES)
    throw new HttpError('http_malformed', url, {
      detail: `${response.body.length} bytes, a header has ${HEADER_BYTES}`,
    });
  return response.body;
}
