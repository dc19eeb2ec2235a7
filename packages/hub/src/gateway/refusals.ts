import { CLOSE, encode, FRAME, fromHex, HUB_FRAMES, ProtocolError, writePlain } from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NodeEventLog } from '../nodes/index.ts';
import { RareLog } from '../rare-log.ts';
import { RefusedNodeError, StaleCopyError } from './error.ts';
import type { Link } from './link.ts';

export interface RefusalDeps {
  readonly events: NodeEventLog;
  readonly signer: Pick<SignerClient, 'refuse'>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** A refused node that hammers is answered with the same signature: the signer has a quota. */
const VERDICT_MS = 10 * 60_000;
const MAX_VERDICTS = 10_000;
const SAID_AGAIN_MS = 10_000;

/** Says to an agent why it gets no session, or none any more, and closes its link. Nothing here rejects. */
export class Refusals {
  readonly #deps: RefusalDeps;
  readonly #rarely: RareLog;
  readonly #verdicts = new Map<string, { until: number; frame: Promise<Uint8Array> }>();

  constructor(deps: RefusalDeps) {
    this.#deps = deps;
    this.#rarely = new RareLog({ ...deps, everyMs: SAID_AGAIN_MS });
  }

  /** @param error what ended the handshake. */
  async answer(link: Link, error: unknown): Promise<void> {
    if (error instanceof StaleCopyError) {
      this.#quarantine(link, error);
    } else if (error instanceof RefusedNodeError) {
      const verdict = await this.verdict(error.nodeId, error.reason);
      if (verdict === undefined) this.#unavailable(link);
      else {
        link.send(writePlain(FRAME.refuse, verdict));
        link.close(CLOSE.refused, error.reason);
      }
    } else if (error instanceof ProtocolError) {
      say(link, error);
      link.close(error.closeCode, error.code);
    } else {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      this.#rarely.write('error', code, {
        fields: { err: error },
        message: 'a handshake failed for a reason of our own',
      });
      this.#unavailable(link);
    }
  }

  /** Payload of the region-signed Refuse; undefined where the signer does not give one now. */
  async verdict(nodeId: string, reason: string): Promise<Uint8Array | undefined> {
    const now = this.#deps.clock.now();
    const key = `${nodeId}|${reason}`;
    let held = this.#verdicts.get(key);
    if (held === undefined || held.until <= now) {
      if (this.#verdicts.size >= MAX_VERDICTS) this.#verdicts.clear();
      held = { until: now + VERDICT_MS, frame: this.#sign(nodeId, reason) };
      this.#verdicts.set(key, held);
    }
    try {
      return await held.frame;
    } catch (error) {
      this.#verdicts.delete(key);
      this.#rarely.write('error', 'unsigned', {
        fields: { err: error, nodeId },
        message: 'a refusal could not be signed: the node is turned away without it and asks again sooner',
      });
      return undefined;
    }
  }

  async #sign(nodeId: string, reason: string): Promise<Uint8Array> {
    const { refuse, authority } = await this.#deps.signer.refuse({ nodeId: fromHex(nodeId), reason });
    return encode(HUB_FRAMES.refuse, { sealed: refuse, authority });
  }

  #quarantine(link: Link, error: StaleCopyError): void {
    const { nodeId } = error.node;
    say(link, error);
    link.close(CLOSE.quarantined, 'stale copy of this node');
    this.#deps.bus.publish('sessions', { nodeId, kind: 'quarantined' });
    this.#deps.events.append('stale-copy', nodeId, error.copy).catch((err: unknown) => {
      this.#rarely.write('error', 'event', {
        fields: { err, nodeId },
        message: 'a node event could not be written',
      });
    });
  }

  #unavailable(link: Link): void {
    say(link, { code: 'unavailable', retry: true, message: 'the hub cannot take sessions now' });
    link.close(CLOSE.unavailable, 'the hub cannot take sessions now');
  }
}

function say(link: Link, error: { code: string; retry: boolean; message: string }): void {
  const said = { code: error.code, retry: error.retry, message: bounded(error.message) };
  link.send(writePlain(FRAME.error, encode(HUB_FRAMES.error, said)));
}

/** As much of a message as fits its field, in bytes. */
function bounded(message: string): string {
  return Buffer.from(message).subarray(0, 252).toString();
}
