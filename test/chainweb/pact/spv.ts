import type { Cont } from './command.ts';
import type { Continuation } from './outcome.ts';
import type { Place } from './transaction.ts';

/** The step of another chain that a continuation's proof stands for, as seen from where it runs. */
export type SpvLookup = (place: Place, cont: Cont) => Continuation | undefined;

/** What a proof of the simulator says. Whether it holds is looked up in the braid, not computed. */
export interface SpvProof {
  readonly chain: number;
  readonly requestKey: string;
}

export function encodeProof({ chain, requestKey }: SpvProof): string {
  const proof = { chain, subject: { input: requestKey }, algorithm: 'SHA512t_256', object: '' };
  return Buffer.from(JSON.stringify(proof)).toString('base64url');
}

export function decodeProof(text: string): SpvProof | undefined {
  try {
    const proof = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as {
      chain: number;
      subject: { input: string };
    };
    return { chain: Number(proof.chain), requestKey: String(proof.subject.input) };
  } catch {
    // Any text may stand where a proof should.
    return undefined;
  }
}
