import { type AgentOptions, type Http, HttpError, type HttpRequest, lookThrough } from '@stoa/agent';
import type { Machine } from './machine.ts';

/** The machines of a fleet by their addresses: what its agents find when they look at one another from outside (gate 7). */
export class Neighbourhood {
  readonly #machines = new Map<string, Machine>();

  add(address: string, machine: Machine): void {
    this.#machines.set(address, machine);
  }

  /** What an agent may look at: its own fleet. Of another process nothing can be seen, so it says no. */
  get consent(): NonNullable<AgentOptions['dialBack']> {
    return { look: lookThrough(this.#http()), besides: (address) => this.#machines.has(address) };
  }

  #http(): Http {
    const at = (request: HttpRequest): [Http, HttpRequest] => {
      const { hostname, pathname } = new URL(request.url);
      const machine = this.#machines.get(hostname);
      if (machine === undefined) throw new HttpError('http_refused', request.url);
      return [machine.http, { ...request, url: `${machine.chain.p2pUrl}${pathname}` }];
    };
    return {
      async request(request) {
        const [http, there] = at(request);
        return http.request(there);
      },
      async stream(request) {
        const [http, there] = at(request);
        return http.stream(there);
      },
    };
  }
}
