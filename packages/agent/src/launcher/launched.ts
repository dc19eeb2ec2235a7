/** Which of the two programs of the payload is wanted: the agent, or the privileged unit (`stoa-agent root …`). */
export type Role = 'agent' | 'root';

export interface RunningSlot {
  /** 'factory' for the payload that came inside the program. */
  readonly id: string;
  /** Undefined for the factory's, which knows its own. */
  readonly version: string | undefined;
  /** Hex, of exactly the bytes that run. */
  readonly sha256: string;
  /** Of the signed targets that vouch for it; undefined for the factory's. */
  readonly targetsVersion: number | undefined;
}

export type FailureReason =
  /** It threw, exited with an error, or was ended by a signal before it had proven itself. */
  | 'crashed'
  /** The main thread did nothing else any more, and the watchdog killed it. */
  | 'spun'
  /** It ran, and did not prove itself in time: no session with the hub. */
  | 'silent'
  /** Its files are not what was signed. */
  | 'damaged';

/** Why another slot than the preferred one runs. */
export interface Failure {
  readonly slot: string;
  readonly version: string;
  readonly reason: FailureReason;
  /** What was seen, in words. */
  readonly detail: string;
  /** The last 50 lines that it wrote (F35). */
  readonly lines: readonly string[];
  /** ms since 1970 by this host's clock. */
  readonly at: number;
  /** Whether an older slot has since done what this one could not: only then is it a verdict on the slot. */
  readonly final: boolean;
}

/**
 * `session`: the core is up for a minute and has had a session. `alone`: it is up for a minute, and this host has no network
 * at all. A lost network after that undoes nothing (F12), and chainweb is no part of it (F11).
 */
export type ProofOfLife = 'session' | 'alone';

/** What the launcher hands to the payload that it starts. */
export interface Launched {
  readonly role: Role;
  /** Without the program, and without `root`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory of the program, its slots and roots. */
  readonly prefix: string;
  /** Root metadata that the program carries. */
  readonly embeddedRoot: Uint8Array;
  /** Inode of the program's file as this process was started: another one lies there once a runtime was exchanged. */
  readonly programInode: number;
  readonly slot: RunningSlot;
  /** The slot is the factory's though others are installed, or below the signed floor in force: handshake and update, nothing else. */
  readonly updateOnly: boolean;
  /** Of the launcher; a target's `minLauncher` is held against it. */
  readonly launcherVersion: string;
  /** Of the runtime, 'a.b.c'. */
  readonly node: string;
  /** Hex of the program's file where it is known; what a runtime patch applies to. */
  readonly runtimeSha256: () => Promise<string>;
  /** ms until the launcher takes this slot for silent, unless `confirm` came; undefined where it has proven itself before. */
  readonly silentAfterMs: number | undefined;
  /** Newest first; at most eight. */
  readonly failures: readonly Failure[];
  /** The commit of an update; local, on the medium once it resolves. May come as often as it holds. */
  confirm(proof: ProofOfLife): Promise<void>;
  /** Kept for the report, should this slot fail on its trial; cheap, and without effect afterwards. */
  record(line: string): void;
  /** This process becomes the program anew, with its PID kept. Close sockets and flush files first: nothing else does. */
  restart(): Promise<never>;
}

/**
 * Exit codes that say nothing about the version: it was told to stop, or another process has this agent's data. Any other end
 * counts, whatever it is for: a version that can no longer read what those before it could must give way to them.
 */
export const ORDERLY: ReadonlySet<number> = new Set([0, 5]);

/** What a payload exports. */
export interface Payload {
  /** 'a.b.c'. */
  readonly version: string;
  /** Resolves with the exit code; what those of `ORDERLY` mean is the same for every version. */
  start(launched: Launched): Promise<number>;
}
