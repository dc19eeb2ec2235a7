export {
  type Comparison,
  type GroupStats,
  MEASURES,
  type MeasureName,
  regressed,
  standardErrors,
} from './control-group.ts';
export {
  acted,
  actsOn,
  begun,
  type Course,
  type CourseAct,
  halted,
  opened,
  ROLLOUT_STATES,
  type RolloutState,
} from './course.ts';
export { type Decision, decide, PATIENCE_MS, type RolloutFacts } from './decision.ts';
export {
  credible,
  FEWEST_FAILING_OWNERS,
  type GateCheck,
  type GateFacts,
  judge,
  type RingCounts,
  type Verdict,
} from './gate.ts';
export { type Candidate, mostAtOnce, type Rooms, SHARE_AT_ONCE, withinLimits } from './limits.ts';
export { perMinute, roomToStart } from './pace.ts';
export {
  FEWEST_VOLUNTEERS,
  hashRing,
  LAST_CANARY_RING,
  LAST_RING,
  MOST_OWN,
  MOST_VOLUNTEERS,
  OWN_RING,
  RINGS,
  type Ring,
  ringsJudged,
  VOLUNTEER_RING,
} from './ring.ts';
export { type Evidence, evidenceIn, FEWEST_LOOKS, type SequentialTest } from './sequential-test.ts';
export { setAside } from './set-aside.ts';
export { LOOK_MS, LOOKS, looksAt, type OwnerVoice, type Tally, tallyOf } from './tally.ts';
export {
  heldBy,
  inWindow,
  isWindow,
  MOST_DEFERRED_MS,
  NO_WISH,
  NOTICE_MS,
  type UpdateWish,
} from './wish.ts';
