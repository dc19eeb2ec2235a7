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

/** Code `owner_key_changed`: the hub names another owner key than the one that this host has pinned. */
export class OwnerKeyChangedError extends AgentError<'owner_key_changed'> {
  override readonly name = 'OwnerKeyChangedError';

  constructor({ pinned, named, path }: { pinned: string; named: string; path: string }) {
    super(
      'owner_key_changed',
      `the hub names the owner key ${named}, but this host has pinned ${pinned}: ask the owner by another way than the hub. If the new key is right, remove ${path} and enroll again with the same token`,
      { retry: false },
    );
  }
}
