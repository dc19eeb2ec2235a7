import { join } from 'node:path';
import { equalBytes, fixed, ProtocolError, record, u32, verifyOwnerKeyChange } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Disk } from '#disk.ts';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';
import type { PinnedNode } from '#root/trust.ts';

/** Where the changes have led from the key that a person with root's rights pinned. */
interface Followed {
  readonly pinned: Uint8Array;
  readonly key: Uint8Array;
  readonly serial: number;
}

const followedKind: RecordKind<Followed> = {
  name: 'stoa-root-owner-1',
  codec: record({ pinned: fixed(32), key: fixed(32), serial: u32 }),
};

/**
 * How the unit follows its node's owner to another key: by the signature of the key before, as the agent hands it over.
 * A new pin by hand begins anew: what was followed counts for the key that it began with.
 */
export class OwnerKeys {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /**
   * The node with the owner's key that is in force after these changes, which are on the medium then. One that does not
   * hold changes nothing: the job is held against the key that stands.
   * @throws RecordDamagedError, DiskError: what was followed once is not forgotten.
   */
  async follow(node: PinnedNode, region: string, changes: readonly Uint8Array[]): Promise<PinnedNode> {
    const { nodeId, ownerKey: pinned, owner } = node;
    if (pinned === undefined || owner === undefined) return node;
    const path = join(this.#directory, `owner-${nodeId}`);
    const known = await readRecord(this.#disk, path, followedKind);
    const counts = known !== undefined && equalBytes(known.pinned, pinned) && known.serial > owner.serial;
    const before = counts ? known : { key: pinned, serial: owner.serial };
    const after = changes.reduce((held, sealed) => next(held, { sealed, owner: owner.name, region }), before);
    const { key, serial } = after;
    if (after !== before) await writeRecord(this.#disk, path, followedKind, { pinned, key, serial });
    return { ...node, ownerKey: key };
  }
}

type Held = Pick<Followed, 'key' | 'serial'>;

/** The same object where the change does not follow on it. */
function next(held: Held, by: { sealed: Uint8Array; owner: string; region: string }): Held {
  const { sealed, owner, region } = by;
  try {
    const standing = { owner, region, serial: held.serial, publicKey: held.key };
    const change = verifyOwnerKeyChange(sealed, standing, nodeCrypto);
    return { key: change.next, serial: change.serial };
  } catch (error) {
    if (error instanceof ProtocolError) return held;
    throw error;
  }
}
