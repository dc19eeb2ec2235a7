import type { AllowedAddresses } from '../egress-addresses.ts';
import { type Answer, type Asked, GuardedHttp, UnreachedError } from '../guarded-http.ts';
import type { Resolve } from '../name-resolver.ts';
import { DeliveryError } from './channel.ts';

/** HTTP to where users say, guarded. */
export class Egress {
  readonly #http: GuardedHttp;

  constructor(by: { allowed: AllowedAddresses; resolve?: Resolve }) {
    this.#http = new GuardedHttp(by);
  }

  /** @throws DeliveryError; its text names the host at most, since a path may be a secret. */
  async request(url: URL, asked: Asked): Promise<Answer> {
    try {
      return await this.#http.request(url, asked);
    } catch (cause) {
      if (!(cause instanceof UnreachedError)) throw cause;
      throw new DeliveryError(cause.message, { retry: cause.retry, cause: cause.cause });
    }
  }
}

const PASSING = new Set([408, 425, 429]);

/** @throws DeliveryError where the receiver did not take it. */
export function mustTake(host: string, { status, retryAfterMs }: Answer): void {
  if (status >= 200 && status < 300) return;
  // 5xx and a few others pass; everything else, redirects too, is how the receiver is set up.
  throw new DeliveryError(`${host} answered ${status}`, {
    retry: status >= 500 || PASSING.has(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
