import {
  type AGENT_FRAMES,
  type Decoded,
  decodeExact,
  encode,
  type JobMessage,
  jobMessage,
  toHex,
} from '@stoa/protocol';

/** Names one lease in every frame about it. */
export type Lease = Decoded<(typeof AGENT_FRAMES)['jobAck']>;

/** Names one attempt at a job in memory and on disk. */
export function attemptKey({ jobId, attempt }: Pick<Lease, 'jobId' | 'attempt'>): string {
  return `${toHex(jobId)}-${attempt}`;
}

/** Without what else stands beside it. */
export function leaseOf({ jobId, attempt, fencingToken }: Lease): Lease {
  return { jobId, attempt, fencingToken };
}

/** A copy of its own: what the channel hands over is a view of the link's buffer. */
export function ownMessage(message: JobMessage): JobMessage {
  return decodeExact(jobMessage, encode(jobMessage, message).slice());
}
