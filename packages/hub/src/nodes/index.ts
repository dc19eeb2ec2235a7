export { type Census, createCensus } from './census.ts';
export { CpuDays } from './cpu-day.ts';
export { decodeCursor, encodeCursor } from './cursor.ts';
export { Descriptions } from './descriptions.ts';
export { Enrolment, type EnrolmentDeps, type Origin } from './enrolment.ts';
export { EnrolmentError } from './error.ts';
export { NodeEventLog } from './event-log.ts';
export { EventRetention } from './event-retention.ts';
export type { NodeContext, NodeFacts } from './fields/facts.ts';
export { versionKey } from './fields/version.ts';
export type { HistoryReader } from './health.ts';
export { type JoinTokenRequest, JoinTokens, TOKEN_COMMAND } from './join-tokens.ts';
export { listUrl } from './list-filter.ts';
export { ListedStates } from './listed-states.ts';
export { NodeListing } from './listing.ts';
export { type Instant, judgedAt, Liveness, lateAfterMs, offlineAfterMs } from './liveness.ts';
export { MassExpiry } from './mass-expiry.ts';
export type { NetworkHead, NetworkHeads } from './network-heads.ts';
export { NODE_ID } from './node-id.ts';
export { type NodeKey, NodeKeys } from './node-keys.ts';
export { NodePage } from './node-page.tsx';
export { type Description, NodeReader } from './node-reader.ts';
export { nodeContext, nodeSelectors, parseSelector, selectorSql } from './node-selector.ts';
export { NodeNotes } from './notes.ts';
export { NodeRegistry } from './registry.ts';
export {
  belowChainweb,
  createOutdatedChainweb,
  isVersion,
  loadRequiredChainweb,
  type OutdatedChainweb,
  outdatedSql,
  outdatedUrl,
  presses,
  type RequiredChainweb,
  saveRequiredChainweb,
} from './required-chainweb.ts';
export { nodeRoutes } from './routes.tsx';
export { domId } from './row.tsx';
export { sampleOf } from './samples.ts';
export { findNode, seenNode } from './seen-node.ts';
export { createSelectorValues } from './selector-values.ts';
export { nodeSources } from './sources.tsx';
export {
  atTip,
  type Evidence,
  NEEDS_YOU,
  STATE_WORDS,
  STATES,
  type StateName,
  stateName,
  TIP_WITHIN,
} from './state.ts';
export { type SqlFragment, stateSql } from './state-sql.ts';
export { NodeSuggestions, type Suggestion } from './suggestions.ts';
export {
  type DetailRow,
  detailColumns,
  type NodeDetail,
  type NodeSummary,
  summaryTables,
  toDetail,
} from './summary.ts';
export { tagName } from './tag-name.ts';
