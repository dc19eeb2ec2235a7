import { HubError } from '../../error.ts';

export class JobQueueError extends HubError<'unknown_kind'> {
  override readonly name = 'JobQueueError';
}

export function requireKind(caps: Readonly<Record<string, number>>, kind: string): void {
  if (!Object.hasOwn(caps, kind))
    throw new JobQueueError(
      'unknown_kind',
      `work of kind '${kind}' can't be queued: ${Object.keys(caps).join(', ')} are known`,
      { retry: false },
    );
}
