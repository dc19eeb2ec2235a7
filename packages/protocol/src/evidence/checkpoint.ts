import { type Decoded, fixed, list, record, u32, u64 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';
import { minuteWord } from './minutes.ts';

const checkpointBody = record({
  nodeId: fixed(32),
  /** Hours since 1970 by the hub's clock. */
  hubHour: u32,
  /** Minutes in which the hub acknowledged a frame of this node. */
  minutes: minuteWord,
  sessionIds: list(fixed(16), 32),
  /** `hash` over the hour's tip reports in order. */
  tipsDigest: fixed(32),
  /** `hash` of the hour's encoded `hourRecord`; zero where nothing was logged. Agents of before: something of their own. */
  inputsDigest: fixed(32),
  bootId: fixed(16),
  /** Milliseconds since the process started, monotonic: covers a gap of the hub without its word. */
  uptimeMs: u64,
  /** 1 for the node's first checkpoint. */
  number: u64,
  /** `hash` of the previous sealed checkpoint, zero for the first: the node's own chain. */
  previous: fixed(32),
});
export type Checkpoint = Decoded<typeof checkpointBody>;

/** Signed by the node key at the end of every hub hour. */
export const checkpointKind: SignedKind<Checkpoint> = {
  context: CONTEXT.checkpoint,
  body: checkpointBody,
  title: 'checkpoint',
};
