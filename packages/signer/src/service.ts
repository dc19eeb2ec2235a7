import { type SigningKey, seal } from '@stoa/protocol';
import { adminKeyOrderKind, certifyAdmin, obeyAdminKeyOrder } from '#authority/admin-key.ts';
import { type AttestedArtefacts, artefactOrderKind, attestArtefacts } from '#authority/artefacts.ts';
import { certifyInstance, type InstanceOrder, instanceOrderKind, obeyOrder } from '#authority/instance.ts';
import { enrolNode, rotateNode } from '#authority/node.ts';
import { openRegionKeys, readConfig } from '#authority/region.ts';
import { refuseNode, signTime } from '#authority/region-voice.ts';
import { Desk } from '#desk.ts';
import type { DirectoryLock } from '#directory-lock.ts';
import { createDisk, type Disk } from '#disk.ts';
import { SignerError } from '#error.ts';
import type { Unlock } from '#keys/unlock.ts';
import { parsePolicy, type SignerPolicy } from '#policy.ts';
import type { Clock } from '#steady-clock.ts';
import type { Callee, Dialect } from '#wire/dialect.ts';
import { REGION_DIALECT, type SignerCalls, type SignerMethod } from '#wire/methods.ts';

export interface SignerServiceOptions {
  readonly dir: string;
  readonly unlock: Unlock;
  readonly clock: Clock;
  readonly disk?: Disk;
  /** Over what `signer.json` says. */
  readonly policy?: Partial<SignerPolicy>;
  /** A person vouches that the clock is right, however far it is ahead of the last act. */
  readonly acceptClockLeap?: boolean;
}

type Handlers = {
  readonly [M in SignerMethod]: (
    desk: Desk,
    request: SignerCalls[M]['request'],
  ) => Promise<SignerCalls[M]['answer']>;
};

const HANDLERS: Handlers = {
  status: (desk) => desk.status(),
  chain: async (desk) => desk.certificates(),
  instanceCert: (desk, { sealed }) => desk.sign((authority) => certifyInstance(sealed, authority)),
  enrol: (desk, request) => desk.sign((authority) => enrolNode(request, authority)),
  rotate: (desk, request) => desk.sign((authority) => rotateNode(request, authority)),
  regionTime: (desk) => desk.sign(signTime),
  refuse: (desk, request) => desk.sign((authority) => refuseNode(request, authority)),
  order: (desk, { sealed }) => desk.decide((office) => obeyOrder(sealed, office)),
  attest: (desk, { sealed }) => desk.sign((authority) => attestArtefacts(sealed, authority)),
  adminKeyOrder: (desk, { sealed }) => desk.decide((office) => obeyAdminKeyOrder(sealed, office)),
  adminKey: (desk, request) => desk.sign((authority) => certifyAdmin(request, authority)),
  install: async (desk, { certificates }) => {
    await desk.install(certificates);
    return {};
  },
};

/**
 * A region's signer with its keys open, holding its directory alone until `close`.
 * @throws SignerError `file_missing`, `key_exposed`, `key_damaged`, `key_locked`, `directory_in_use`, `journal_missing`,
 * `journal_damaged`, `bad_certificate`, `clock_leap`.
 */
export async function openSignerService(options: SignerServiceOptions): Promise<SignerService> {
  const { dir, unlock, clock, disk = createDisk() } = options;
  const place = { dir, disk };
  const config = await readConfig(place);
  const lock = await disk.lock?.(dir);
  try {
    const keys = await openRegionKeys(place, unlock);
    const policy = parsePolicy({ ...config.policy, ...options.policy });
    const desk = new Desk(place, { config: { ...config, policy }, keys, clock });
    await desk.open(options.acceptClockLeap ?? false);
    return new SignerService(desk, { orderKey: keys.instances, clock, lock });
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/** Takes callers to the desk one at a time, in the order they came. */
export class SignerService implements Callee<SignerCalls> {
  readonly dialect: Dialect<SignerCalls> = REGION_DIALECT;
  readonly #desk: Desk;
  readonly #orderKey: SigningKey;
  readonly #clock: Clock;
  readonly #lock: DirectoryLock | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(desk: Desk, parts: { orderKey: SigningKey; clock: Clock; lock: DirectoryLock | undefined }) {
    this.#desk = desk;
    this.#orderKey = parts.orderKey;
    this.#clock = parts.clock;
    this.#lock = parts.lock;
  }

  /** @throws SignerError by the method (see `SignerClient`), `signer_closed`. */
  call<M extends SignerMethod>(
    method: M,
    request: SignerCalls[M]['request'],
  ): Promise<SignerCalls[M]['answer']> {
    if (this.#closed) return Promise.reject(new SignerError('signer_closed', 'the signer is closed'));
    const turn = this.#tail.then(() => HANDLERS[method](this.#desk, request));
    this.#tail = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** Idempotent. @throws SignerError `instance_taken`. */
  registerInstance(instance: { instance: string; publicKey: Uint8Array }): Promise<void> {
    return this.#give({ order: 'register', ...instance, at: this.#clock.now() });
  }

  /** Voids the certificates of all instances; the others renew at once. @throws SignerError `instance_not_registered`. */
  retireInstance({ instance }: { instance: string }): Promise<void> {
    return this.#give({ order: 'retire', instance, publicKey: undefined, at: this.#clock.now() });
  }

  /** Lists an admin's key for orders. Idempotent. @throws SignerError `admin_key_taken`. */
  async addAdminKey({ admin, publicKey }: { admin: string; publicKey: Uint8Array }): Promise<void> {
    const order = { order: 'add' as const, admin, publicKey, at: this.#clock.now() };
    await this.call('adminKeyOrder', { sealed: seal(adminKeyOrderKind, order, this.#orderKey) });
  }

  /** Signs a manifest of artefacts. @throws SignerError `bad_request`. */
  attest(manifest: Uint8Array): Promise<AttestedArtefacts> {
    const sealed = seal(artefactOrderKind, { manifest, at: this.#clock.now() }, this.#orderKey);
    return this.call('attest', { sealed });
  }

  /** Ends after the act in hand. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
    await this.#lock?.release();
  }

  async #give(order: InstanceOrder): Promise<void> {
    await this.call('order', { sealed: seal(instanceOrderKind, order, this.#orderKey) });
  }
}
