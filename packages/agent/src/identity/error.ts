import { AgentError } from '#error.ts';

/** Code `not_enrolled`: there is no identity in the data directory. */
export class NotEnrolledError extends AgentError<'not_enrolled'> {
  override readonly name = 'NotEnrolledError';

  constructor(directory: string) {
    super(
      'not_enrolled',
      `${directory} holds no identity: make a join token in the console and run 'stoa-agent enroll TOKEN'`,
      { retry: false },
    );
  }
}

/** Code `node_revoked`: the network's offline root key revoked this node for good, and its key was wiped. */
export class NodeRevokedError extends AgentError<'node_revoked'> {
  override readonly name = 'NodeRevokedError';

  constructor(nodeId: string) {
    super(
      'node_revoked',
      `node ${nodeId} was revoked by the network's root key and its key is gone: the host can only come back as a new node, with a new join token`,
      { retry: false },
    );
  }
}

/** Code `identity_busy`: the step would overwrite a key that is still needed. */
export class IdentityBusyError extends AgentError<'identity_busy'> {
  override readonly name = 'IdentityBusyError';

  constructor(message: string) {
    super('identity_busy', message, { retry: false });
  }
}
