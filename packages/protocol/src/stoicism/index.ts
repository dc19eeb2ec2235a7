/** Rules of Stoicism that a node, a hub and a browser recompute to the same bytes. Pure. */
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
