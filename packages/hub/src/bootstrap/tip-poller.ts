import { z } from 'zod';
import type { ProbeCache } from '#seams/probe-cache/index.ts';
import { RoutineSweep, type SshPool } from '#seams/ssh-pool/index.ts';
import type { SecretStore } from '#vault/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { RareLog } from '../rare-log.ts';
import type { Task } from '../ticker.ts';
import type { Agentless } from './agentless.ts';
import { secretNames } from './ssh-job.ts';

/** §16.4, T2. */
const POLL_MS = 30_000;
const COMMAND_MS = 10_000;
const SAID_AGAIN_MS = 3_600_000;

/** The node's own cut, by its service API on its loopback. */
const CUT = `for url in http://127.0.0.1:1848/chainweb/0.0/NETWORK/cut; do
  if command -v curl >/dev/null 2>&1; then curl -fsS --max-time 8 "$url"; else wget -qO- -T 8 "$url"; fi
done`;
const cut = z.object({
  hashes: z.record(
    z.string().regex(/^\d{1,3}$/),
    z.object({ height: z.int().nonnegative(), hash: z.string().max(64) }),
  ),
});

type Due = Awaited<ReturnType<Agentless['due']>>[number];

export interface TipPollerDeps {
  readonly agentless: Agentless;
  readonly pool: SshPool;
  readonly vault: SecretStore;
  readonly cache: ProbeCache;
  readonly onPolled?: (nodeId: string) => void;
  readonly network: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/**
 * Tips of nodes that an admin marked as agentless, as tier T2 had it for all of them: over the pool, eight at once, into
 * the cache that the Chains tab reads where no agent said anything newer.
 */
export class TipPoller implements Task {
  readonly name = 'agentless-tips';
  readonly periodMs = POLL_MS;
  readonly #by: TipPollerDeps;
  readonly #rarely: RareLog;
  readonly #sweep = new RoutineSweep();

  constructor(by: TipPollerDeps) {
    this.#by = by;
    this.#rarely = new RareLog({ ...by, everyMs: SAID_AGAIN_MS });
  }

  async tick(stop?: AbortSignal): Promise<void> {
    const nodes = await this.#by.agentless.due();
    const poll = async (node: Due) => {
      try {
        await this.#poll(node, stop);
      } catch (err) {
        if (stop?.aborted) return;
        this.#rarely.write('info', node.nodeId, {
          fields: { err, node: node.nodeId },
          message: 'the tip of an agentless node could not be polled',
        });
      }
    };
    await this.#sweep.over(nodes, poll, stop);
  }

  async #poll(node: Due, signal: AbortSignal | undefined): Promise<void> {
    const { pool, vault, cache, network, clock } = this.#by;
    const privateKey = await vault.open(secretNames.key(node.keyId));
    if (privateKey === undefined) return;
    const use = {
      ...{ actor: 'hub', reason: 'tip poll of an agentless node', subject: node.nodeId },
      ...{ owner: node.owner, routine: true },
    };
    const until = signal && { signal };
    const { stdout } = await pool.use(
      node,
      { login: { kind: 'key', privateKey }, use, ...until },
      (session) => session.run(CUT.replace('NETWORK', network), { timeoutMs: COMMAND_MS, ...until }),
    );
    const { hashes } = cut.parse(JSON.parse(stdout));
    const value = Object.entries(hashes).map(([chain, tip]) => ({ chain: Number(chain), ...tip }));
    await cache.put('tips', [{ nodeId: node.nodeId, at: clock.now(), value }]);
    this.#by.onPolled?.(node.nodeId);
  }
}
