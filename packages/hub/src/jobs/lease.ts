import { fromHex, toHex } from '@stoa/protocol';

/** Names one lease of a job in everything that both sides keep. */
export interface LeaseName {
  /** As text, with dashes. */
  readonly jobId: string;
  readonly attempt: number;
  readonly fencingToken: number;
}

interface WireLease {
  readonly jobId: Uint8Array;
  readonly attempt: number;
  readonly fencingToken: number;
}

export function leaseName({ jobId, attempt, fencingToken }: WireLease): LeaseName {
  return { jobId: uuidText(jobId), attempt, fencingToken };
}

export function wireLease({ jobId, attempt, fencingToken }: LeaseName): WireLease {
  return { jobId: uuidBytes(jobId), attempt, fencingToken };
}

export function uuidText(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function uuidBytes(text: string): Uint8Array {
  return fromHex(text.replaceAll('-', ''));
}
