import type { TargetsFloor } from '@stoa/protocol/release';
import { AgentError } from '#error.ts';

/** What one `stage` hands over. Every byte of it is untrusted: whoever installs verifies it from files of its own. */
export interface StagedRelease {
  /** Signed root metadata that may be new here, oldest first. None where the trusted root signs the targets. */
  readonly roots: readonly Uint8Array[];
  /** Signed targets metadata. */
  readonly targets: Uint8Array;
  /** Of the target, as the targets name it: `payload/1.2.3/linux-x64` or `runtime/1.2.3/linux-x64`. */
  readonly path: string;
  /** Where its decoded bytes lie. A runtime that came as a patch is staged as the runtime that it makes. */
  readonly file: string;
}

/** `<version>-<first 12 hex digits of the SHA-256>`; a runtime's begins with `runtime-`. */
export type SlotId = string;

export interface InstalledSlot {
  readonly id: SlotId;
  /** 'a.b.c'. */
  readonly version: string;
  /** Hex, of the payload. */
  readonly sha256: string;
}

/** A version that is not to run here again, and why. */
export interface RejectedSlot extends InstalledSlot {
  readonly reason: string;
}

export interface SlotState {
  /** What is installed, in the order in which it is tried: the selected one and at most two before it. */
  readonly slots: readonly InstalledSlot[];
  /** What was seen here of content: what is older than `content` is not selected, older metadata is never taken (F19). */
  readonly floor: TargetsFloor;
  /** Of the trusted root metadata. */
  readonly rootVersion: number;
  /** Newest first. */
  readonly rejected: readonly RejectedSlot[];
  /** Whether a runtime is on trial: no other is taken until it has proven itself or is gone. */
  readonly runtimeOnTrial: boolean;
}

/**
 * How payloads and runtimes get into their places. Where the agent owns the program's directory it does so itself
 * (`direct`); where that is root's, the privileged unit does, and verifies everything again (`root`).
 *
 * Each call is whole or has no effect, also through a power cut, and may come again.
 */
export interface SlotInstaller {
  readonly way: 'direct' | 'root';
  /** @throws InstallError */
  state(): Promise<SlotState>;
  /**
   * Verifies and stores; what runs stays as it is. Staging again what is there already is no error.
   * @throws InstallError, DiskError
   */
  stage(release: StagedRelease): Promise<SlotId>;
  /**
   * Makes a staged slot the one that is tried first from the next start on; one that is installed already is moved to the
   * front (a rollback by hand). A runtime passes its self-test and is put in the program's place.
   * @throws InstallError
   */
  select(id: SlotId): Promise<void>;
  /**
   * This payload failed here, and an older one did not: it is taken away and never staged again. One that has proven itself
   * is not: it stays what is fallen back on, and who may reject could lead down that way. @throws InstallError
   */
  reject(id: SlotId, reason: string): Promise<void>;
  /**
   * The payload that runs has proven itself, and with it the runtime below it if that is on trial: from now on nothing older
   * is staged. To be called with each `confirm`. @throws InstallError
   */
  keep(id: SlotId): Promise<void>;
  /**
   * What runs is up for a minute, whoever is heard: of a runtime on trial, the starts so far were none that failed. Only a
   * `keep` ends its trial. @throws InstallError
   */
  up(): Promise<void>;
  /** This process becomes the program anew, with its PID kept. Close sockets and flush files first: nothing else does. */
  restart(): Promise<never>;
}

const RETRY = {
  /** Signatures, thresholds or the chain of roots do not hold. */
  install_untrusted: false,
  /** Older metadata than was accepted before (F19). */
  install_replayed: false,
  install_below_floor: false,
  /** Its metadata ended before the time that was proven to whoever installs. */
  install_expired: false,
  install_wrong_platform: false,
  /** The payload needs a newer runtime. */
  install_needs_launcher: false,
  /** The targets name no such path, or one that is not to be installed. */
  install_no_target: false,
  /** The file is not what was signed (F32): fetch it from elsewhere, or whole instead of patched. */
  install_mismatch: true,
  /** It failed on this node before. */
  install_rejected: false,
  /** What was kept can't be rejected. */
  install_kept: false,
  install_no_slot: false,
  install_no_room: true,
  /** The new runtime does not run on this host. */
  install_selftest: false,
  install_busy: true,
  /** The privileged unit can't be reached, or hung up. */
  install_away: true,
  /** The privileged unit does not take such a request: it may be older or newer than this agent. */
  install_refused: true,
  /** The disk of the installation fails. */
  install_disk: true,
} as const;

export type InstallCode = keyof typeof RETRY;

export function isInstallCode(text: string): text is InstallCode {
  return Object.hasOwn(RETRY, text);
}

/** Nothing was changed. */
export class InstallError extends AgentError<InstallCode> {
  override readonly name = 'InstallError';

  constructor(code: InstallCode, message: string, cause?: unknown) {
    super(code, message, { retry: RETRY[code], cause });
  }
}
