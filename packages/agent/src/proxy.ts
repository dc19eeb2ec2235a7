import type { Agent } from 'node:http';
import { getProxyForUrl } from 'proxy-from-env';
import type { Clock } from '#clock.ts';
import type { AgentConfig } from '#config.ts';
import type { TunnelAgent } from '#tunnel-agent.ts';

/** URL of the proxy on the way to an http: or https: URL, or ''. */
export type ProxyRule = (url: string) => string;

export interface Proxies {
  /** The agent to hand to node:http, node:https or `ws`; undefined where the way is direct. Its errors are HttpErrors. */
  agentFor(url: string): Promise<Agent | undefined>;
  /** Scheme, host and port of the proxy on the way to `url`, without user and password. */
  describe(url: string): string | undefined;
}

export interface ProxyOptions {
  clock: Clock;
  proxyFor: ProxyRule;
  /** PEM. Certificate authorities for proxies that are spoken to by TLS. */
  ca?: readonly string[] | undefined;
  keepAlive?: boolean | undefined;
}

/** F24: HTTP and WebSocket alike, encrypted or not, go by CONNECT. */
export function createProxies(options: ProxyOptions): Proxies {
  const agents = new Map<string, TunnelAgent>();
  const ruleFor = (url: string): string => options.proxyFor(asHttp(url));
  return {
    async agentFor(url) {
      const proxy = ruleFor(url);
      if (!proxy) return undefined;
      const secure = asHttp(url).startsWith('https:');
      const key = `${secure} ${proxy}`;
      const { TunnelAgent } = await import('#tunnel-agent.ts');
      const agent = agents.get(key) ?? new TunnelAgent({ ...options, proxy: new URL(proxy), secure });
      agents.set(key, agent);
      return agent;
    },
    describe(url) {
      const proxy = ruleFor(url);
      return proxy ? new URL(proxy).origin : undefined;
    },
  };
}

/** For the way to the chainweb node beside the agent, which no proxy could find. */
export const DIRECT: Proxies = {
  agentFor: async () => undefined,
  describe: () => undefined,
};

/**
 * The rule of the environment: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY. A bare host:port is a plain HTTP proxy, as
 * it is to curl (the configuration has read it so); proxy-from-env alone would speak TLS to it.
 */
export function environmentRule({ httpsProxy }: Pick<AgentConfig, 'httpsProxy'>): ProxyRule {
  return (url) => {
    const proxy = getProxyForUrl(url);
    return proxy && httpsProxy && url.startsWith('https:') ? httpsProxy : proxy;
  };
}

/** The variables are named after http and https; nobody sets WSS_PROXY. */
function asHttp(url: string): string {
  return url.replace(/^ws(s?):/, 'http$1:');
}
