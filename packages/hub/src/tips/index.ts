export { Corroboration, type CorroborationOptions } from './corroboration.ts';
export type { ChainLag, ReportedTip, TipState } from './lag.ts';
export { type LightClient, type LightClientDeps, openLightClient } from './light-client.ts';
export { type Fetch, ReferencePoller, type ReferencePollerOptions } from './reference-poller.ts';
export type { Reporter } from './reporter.ts';
export { type Admission, type Offender, Reporters } from './reporters.ts';
export type { CheckpointFile } from './rolling-checkpoint.ts';
export { type MissingHeader, type Offer, VerifiedSet, type VerifiedSetOptions } from './verified-set.ts';
