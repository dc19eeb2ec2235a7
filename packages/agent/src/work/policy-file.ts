import { DEFAULT_POLICY, type LocalPolicy, MAX_POLICY_BYTES, parseLocalPolicy } from '@stoa/protocol';
import { type Disk, readText } from '#disk.ts';
import { describeError } from '#error.ts';

/** The local policy as it stands on the host. */
export interface PolicyState {
  /** As the file has it; empty where there is none, or none that may be read. */
  readonly text: string;
  /** Undefined where it can't be read: then nothing is allowed. */
  readonly policy: LocalPolicy | undefined;
  /** Why it can't be read; empty where it can. */
  readonly fault: string;
}

export const NO_POLICY: PolicyState = { text: '', policy: DEFAULT_POLICY, fault: '' };

/**
 * Fail-closed: only a file that is not there stands for no restriction.
 *
 * It is read by path, not kept in the data directory: that one belongs to the agent's user, and whoever takes the agent
 * over must not be able to widen what the owner of the host allows.
 */
export async function readPolicy(disk: Disk, path: string): Promise<PolicyState> {
  let text = '';
  try {
    text = (await readText(disk, path)) ?? '';
    return { text, policy: parseLocalPolicy(text), fault: '' };
  } catch (error) {
    const shown = Buffer.byteLength(text) > MAX_POLICY_BYTES ? '' : text;
    return { text: shown, policy: undefined, fault: describeError(error).message };
  }
}

/** The file as last looked at. */
export class PolicyFile {
  readonly #disk: Disk;
  readonly #path: string;
  #seen: string;
  #state: PolicyState;

  private constructor(disk: Disk, path: string, seen: string, state: PolicyState) {
    this.#disk = disk;
    this.#path = path;
    this.#seen = seen;
    this.#state = state;
  }

  static async open(disk: Disk, path: string): Promise<PolicyFile> {
    return new PolicyFile(disk, path, await identify(disk, path), await readPolicy(disk, path));
  }

  get state(): PolicyState {
    return this.#state;
  }

  async look(): Promise<void> {
    const seen = await identify(this.#disk, this.#path);
    if (seen === this.#seen && this.#state.fault === '') return;
    this.#seen = seen;
    this.#state = await readPolicy(this.#disk, this.#path);
  }
}

/** Tells one content of a file from another without reading it. */
async function identify(disk: Disk, path: string): Promise<string> {
  try {
    const stat = await disk.stat(path);
    return stat === undefined
      ? 'absent'
      : `${stat.kind} ${stat.modifiedMs} ${stat.bytes} ${stat.mode} ${stat.uid}`;
  } catch (error) {
    return describeError(error).message;
  }
}
