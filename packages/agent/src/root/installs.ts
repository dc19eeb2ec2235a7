import { decodeExact, encode } from '@stoa/protocol';
import { METADATA_BYTES } from '@stoa/protocol/release';
import type { SlotId } from '#launcher/installer.ts';
import type { SlotStore } from '#launcher/slot-store.ts';
import { type InstallRequest, installReply, installRequest } from '#root/install-wire.ts';
import { RefusalError } from '#root/refusal.ts';

/**
 * The agent's updates, put in place by root. What an agent hands over counts for nothing: roots, signatures, floors and
 * hashes are judged by files that are root's. One that was taken over can stage what two holders of offline keys signed and
 * is not below the floor, or keep updates away; nothing else.
 *
 * Everything comes through the socket, byte by byte: root opens no file that the agent's user named.
 */
export class Installs {
  readonly #store: SlotStore;
  readonly #onExchange: () => void;

  /** @param onExchange Something else is to run from the next start on: this unit's own too. */
  constructor(store: SlotStore, onExchange: () => void) {
    this.#store = store;
    this.#onExchange = onExchange;
  }

  /** Resolves with the encoded reply, and a line for the host's journal. @throws RefusalError, InstallError, DiskError */
  async run(
    payload: Uint8Array,
    input: AsyncGenerator<Uint8Array>,
  ): Promise<{ reply: Uint8Array; told: string | undefined }> {
    const request = parse(payload);
    const id = await this.#act(request, input);
    const { slots, rejected, ...rest } = await this.#store.state();
    const reply = encode(installReply, {
      id,
      state: { ...rest, slots: [...slots], rejected: [...rejected] },
    });
    if (request.verb === 'select') this.#onExchange();
    return { reply, told: told(request, rest.rootVersion) };
  }

  async #act(request: InstallRequest, input: AsyncGenerator<Uint8Array>): Promise<SlotId> {
    const { verb, id, reason } = request;
    if (verb === 'follow') await this.#follow(request, new Parts(input));
    if (verb === 'stage') return this.#stage(request, new Parts(input));
    if (verb === 'select') await this.#store.select(id);
    if (verb === 'reject') await this.#store.reject(id, reason);
    if (verb === 'keep') await this.#store.keep(id);
    if (verb === 'up') await this.#store.up();
    return '';
  }

  async #follow({ roots: lengths }: InstallRequest, parts: Parts): Promise<void> {
    const roots: Uint8Array[] = [];
    for (const bytes of lengths) roots.push(await parts.take(bytes, METADATA_BYTES.root));
    await this.#store.follow(roots);
  }

  async #stage({ targets: length, path }: InstallRequest, parts: Parts): Promise<SlotId> {
    const targets = await parts.take(length, METADATA_BYTES.targets);
    return this.#store.stage({ roots: [], targets, path, bytes: parts.rest() });
  }
}

function told({ verb, path, id }: InstallRequest, rootVersion: number): string | undefined {
  if (verb === 'state') return undefined;
  if (verb === 'follow') return `root ${rootVersion}`;
  return `${verb} ${verb === 'stage' ? path : id}`;
}

function parse(payload: Uint8Array): InstallRequest {
  try {
    return decodeExact(installRequest, payload);
  } catch (cause) {
    throw new RefusalError('root_malformed', 'the request to install is none', cause);
  }
}

/** The input cut where the request says; each part is copied together once, into no more room than it was said to take. */
class Parts {
  readonly #input: AsyncGenerator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(input: AsyncGenerator<Uint8Array>) {
    this.#input = input;
  }

  async take(length: number, most: number): Promise<Uint8Array> {
    if (length > most)
      throw new RefusalError('root_malformed', `metadata of ${length} bytes; at most ${most}`);
    const taken = Buffer.alloc(length);
    for (let at = 0; at < length; ) {
      if (this.#held.length === 0) this.#held = await this.#next();
      const part = this.#held.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      this.#held = this.#held.subarray(part.length);
    }
    return taken;
  }

  async #next(): Promise<Uint8Array> {
    const { value, done } = await this.#input.next();
    if (done === true) throw new RefusalError('root_malformed', 'the metadata was cut before its end');
    return value;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#held.length > 0) yield this.#held;
    yield* this.#input;
  }
}
