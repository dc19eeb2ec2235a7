import { HubError } from '../../error.ts';

export type SshPhase = 'resolve' | 'connect' | 'handshake' | 'login' | 'channel' | 'command';

export type SshErrorCode =
  | 'ssh_unreachable'
  | 'ssh_timeout'
  | 'ssh_lost'
  | 'ssh_login_refused'
  | 'ssh_host_key_unknown'
  | 'ssh_host_key_changed'
  | 'ssh_algorithms'
  | 'ssh_busy'
  | 'ssh_cancelled';

/** Its text never holds a password or a key. */
export class SshError extends HubError<SshErrorCode> {
  override readonly name = 'SshError';
  readonly phase: SshPhase;

  constructor(
    code: SshErrorCode,
    message: string,
    options: { retry: boolean; phase: SshPhase; cause?: unknown },
  ) {
    super(code, message, options);
    this.phase = options.phase;
  }
}
