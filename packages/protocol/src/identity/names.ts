import { text } from '../codec/codec.ts';

/** Bounded texts that stand in signed documents. */
export const regionName = text(32);
export const instanceName = text(64);
/** An e-mail address. */
export const ownerName = text(254);
