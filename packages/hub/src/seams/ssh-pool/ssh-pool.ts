/** How the hub reaches a host over SSH: for bootstrap, key re-seat, recovery, and nodes that are marked agentless. */

export interface SshTarget {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

export type SshLogin =
  /** Text of an OpenSSH private key without passphrase. */
  | { readonly kind: 'key'; readonly privateKey: string }
  /** Sent only to a host whose key is pinned already. */
  | { readonly kind: 'password'; readonly password: string };

/** Why a connection is used, and for whom: it stands in the audit log before the first packet is sent. */
export interface SshUse {
  /** E-mail of who asked for it, or `hub`. */
  readonly actor: string;
  /** `bootstrap`, `tip poll of an agentless node`, … */
  readonly reason: string;
  /** What the act is about: a node id or a job id. */
  readonly subject: string;
  /** Whose node it is. */
  readonly owner?: string;
  /** A routine poll: one row a day and subject. */
  readonly routine?: boolean;
}

export interface SshOutput {
  /** Undefined where a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly timeoutMs: number;
  /** No end follows it: the command takes a line (`read`), or as many bytes as it knows of (`head -c`). */
  readonly stdin?: string;
  /** Before the command runs it never does; after that TERM, ten seconds, then the connection goes. */
  readonly signal?: AbortSignal;
  /** Lines of both streams as they come. */
  readonly onLine?: (line: string) => void;
}

export interface SshSession {
  /**
   * Runs a POSIX shell's command. What it prints beyond 64 KiB a stream is dropped.
   * @throws SshError `ssh_timeout` in the phase `channel` or `command`, `ssh_lost`, `ssh_cancelled`.
   */
  run(command: string, options: RunOptions): Promise<SshOutput>;
}

/** The key that a host shows. Nothing is sent by its login before it has proved that it holds the private half. */
export interface HostKey {
  /** As in known_hosts: ssh-ed25519, … */
  readonly type: string;
  /** `SHA256:…`, as ssh-keygen -l shows it. */
  readonly fingerprint: string;
}

/** Which key each host is known by: the one of its first use, or the one that a person accepted since. By `host:port`. */
export interface HostKeyStore {
  pinned(place: string): Promise<string | undefined>;
  /** Pins a fingerprint where none is pinned. @returns the one that is pinned now. */
  pin(place: string, key: HostKey, by: { actor: string }): Promise<string>;
}

export interface SshPool extends AsyncDisposable {
  /** The key that a host shows, before anything is sent to it that it could use. */
  hostKey(target: SshTarget, use: SshUse): Promise<HostKey>;
  /**
   * Lends a connection, an open one where there is one for this login. With a key, the host's own key is pinned at the
   * first use; with a password it must be pinned.
   * @param by.fresh a connection of its own, though another is open. @param by.signal ends the wait for a connection.
   */
  use<T>(
    target: SshTarget,
    by: { login: SshLogin; use: SshUse; fresh?: boolean; signal?: AbortSignal },
    act: (session: SshSession) => Promise<T>,
  ): Promise<T>;
  /** Connections open. */
  readonly size: number;
  /** Closes what is idle or old. */
  reap(): void;
  close(): Promise<void>;
}

export function placeOf({ host, port }: SshTarget): string {
  return `${host.includes(':') ? `[${host}]` : host.toLowerCase()}:${port}`;
}
