/** Rules of Stoicism that a node, a hub and a browser recompute to the same bytes. Pure. */
export {
  type GapLink,
  type GapWitness,
  gapMinutes,
  type HubGap,
  minutesWithin,
  type Standing,
} from './gap.ts';
export { type GapWord, type Hour, type HourEvidence, hourOf, type SessionWord } from './hour.ts';
export {
  countMinutes,
  FEE_WHOLE,
  formatPoints,
  minutePoints,
  POINT,
  parsePoints,
  splitFee,
  wordPoints,
} from './points.ts';
