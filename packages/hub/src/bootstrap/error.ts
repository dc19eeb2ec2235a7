import { HubError } from '../error.ts';

export type BootstrapErrorCode =
  | 'no_access'
  | 'seated_elsewhere'
  | 'no_sudo'
  | 'missing_prerequisite'
  | 'remote_disk_full'
  | 'remote_failed'
  | 'fingerprint_mismatch'
  | 'agent_not_up'
  | 'firewall_rolled_back'
  | 'firewall_foreign'
  | 'not_agentless'
  | 'bad_host_list';

/** A step on a host that did not come to its end. Its text is shown on the job's page: never a secret. */
export class BootstrapError extends HubError<BootstrapErrorCode> {
  override readonly name = 'BootstrapError';
}
