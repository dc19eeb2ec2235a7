import type { Clock } from '#clock.ts';
import { AgentError } from '#error.ts';
import type { Http, HttpResponse } from '#http.ts';

/** How the collectors reach the node: its address, its network, and a way there that no proxy takes part in. */
export interface ChainwebDeps {
  http: Http;
  clock: Clock;
  /** Origin of the service API. */
  serviceUrl: string;
  /** Origin of the P2P API. */
  p2pUrl: string;
  network: string;
}

export type ChainwebNodeErrorCode = 'wrong_network' | 'chainweb_status';

/** The node answers, but not as a node of the network should. */
export class ChainwebNodeError extends AgentError<ChainwebNodeErrorCode> {
  override readonly name = 'ChainwebNodeError';

  constructor(code: ChainwebNodeErrorCode, message: string) {
    super(code, message, { retry: code === 'chainweb_status' });
  }
}

export function networkPath(network: string): string {
  return `/chainweb/0.0/${network}`;
}

/** @throws ChainwebNodeError unless the status is 200. A path of another network answers 404 and nothing else. */
export function expectOk(response: Pick<HttpResponse, 'status'>, url: string, network: string): void {
  if (response.status === 200) return;
  const advice = response.status === 404 ? `: does the node run the network '${network}'?` : '';
  throw new ChainwebNodeError('chainweb_status', `${url} answered ${response.status}, not 200${advice}`);
}
