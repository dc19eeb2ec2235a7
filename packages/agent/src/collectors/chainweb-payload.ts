import type { PayloadRef } from '@stoa/protocol';
import { decodePayload, hashText, type Payload } from '@stoa/protocol/chainweb';
import { type ChainwebDeps, expectOk, networkPath } from '#collectors/chainweb-api.ts';
import { textOf } from '#http.ts';

/** Payloads that are asked for are small ones; a node that sends more is none to believe. */
const MAX_BYTES = 128 * 1024;
const TIMEOUT_MS = 5_000;

/**
 * What a block holds, as the node has it. Not verified: whoever asked for it knows what it must be.
 *
 * @throws HttpError, ChainwebNodeError (a node without it answers 404), PayloadFormatError, SyntaxError
 */
export async function fetchPayload(
  { http, serviceUrl, network }: Pick<ChainwebDeps, 'http' | 'serviceUrl' | 'network'>,
  { chain, height, hash }: PayloadRef,
  signal: AbortSignal,
): Promise<Payload> {
  const url = `${serviceUrl}${networkPath(network)}/chain/${chain}/payload/${hashText(hash)}?height=${height}`;
  const headers = { accept: 'application/json' };
  const response = await http.request({ url, headers, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal });
  expectOk(response, url, network);
  return decodePayload(JSON.parse(textOf(response)));
}
