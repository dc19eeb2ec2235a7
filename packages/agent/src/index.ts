export { createAgent } from '#agent.ts';
export type { Agent, AgentEnd, AgentOptions } from '#agent-options.ts';
export { createDisk } from '#atomic-file.ts';
export { ChainTime } from '#channel/chain-time.ts';
export { createLongPollTransport } from '#channel/long-poll.ts';
export {
  type MemoryConnection,
  type MemoryFaults,
  MemoryNetwork,
  type MemoryTransport,
} from '#channel/memory.ts';
export { createIdleProbe, type IdleProbe } from '#channel/nat-idle.ts';
export type { ChannelState, ChannelStatus } from '#channel/status.ts';
export {
  type DialTarget,
  type Link,
  type LinkEnd,
  type LinkListener,
  nobodyListens,
  type Transport,
  type Transports,
} from '#channel/transport.ts';
export { createWebSocketTransport } from '#channel/websocket.ts';
export { type CliOptions, runCli } from '#cli/cli.ts';
export type { CommandDeps, IdentityFacts } from '#cli/command-deps.ts';
export { type Clock, createClock, DeadlineError, sleep, type Timer, withDeadline } from '#clock.ts';
export { type AgentReadings, type CollectorDeps, createCollectors } from '#collectors/agent-collectors.ts';
export { cutCollector, pollCut } from '#collectors/chainweb-cut.ts';
export { fetchHeader, HeaderUnknownError } from '#collectors/chainweb-header.ts';
export { askChainweb, type ChainwebInfo } from '#collectors/chainweb-info.ts';
export { fetchPayload } from '#collectors/chainweb-payload.ts';
export type { Collector, Reading } from '#collectors/collector.ts';
export { CollectorSet } from '#collectors/collector-set.ts';
export type { ChainTip, Cut } from '#collectors/cut.ts';
export type { HostSample } from '#collectors/host.ts';
export { type HostFacts, readHostFacts } from '#collectors/host-facts.ts';
export { openProc, type Proc } from '#collectors/proc.ts';
export type { ChainwebProcess } from '#collectors/process.ts';
export { type AgentConfig, ConfigError, describeConfig, loadConfig, SETTINGS } from '#config.ts';
export { holdDataDir } from '#data-lock.ts';
export { type Look, type LookTarget, lookThrough, mayLook, type Sight } from '#dial-back/look.ts';
export { type Disk, DiskError, DiskFullError, type DiskSpace, FileMissingError } from '#disk.ts';
export {
  type EnrollDeps,
  type EnrollOffer,
  type EnrollOutcome,
  type EnrollRequest,
  enroll,
} from '#enroll/enroll.ts';
export { AgentError, describeError } from '#error.ts';
export { type Hour, hourKind } from '#evidence/hour-journal.ts';
export { type Proof, proofKind } from '#evidence/receipt-log.ts';
export { createHttp, type Http, type HttpRequest, type HttpResponse, type HttpStream } from '#http.ts';
export { HttpError, ProxyRefusedError } from '#http-error.ts';
export { type Identity, identityDirectory } from '#identity/identity.ts';
export { IdentityStore, storeIdentity } from '#identity/identity-store.ts';
export { pinOwnerKey } from '#identity/owner-key-pin.ts';
export { requestRotation } from '#identity/rotation.ts';
export { createLog, type Log, LogRing } from '#log.ts';
export { MemoryDisk, PowerCutError, type Unsynced } from '#memory-disk.ts';
export { Outbox } from '#outbox/outbox.ts';
export { createProxies, DIRECT, environmentRule, type Proxies } from '#proxy.ts';
export { parseRecords } from '#record-line.ts';
export { createRootClient, type OpenRootSteps, RootStepError, type RootSteps } from '#root/client.ts';
export { agentMetrics } from '#status/agent-metrics.ts';
export { serveMetrics } from '#status/metrics-server.ts';
export { buildSnapshot, type LinkStatus, type StatusSnapshot } from '#status/snapshot.ts';
export { askStatus } from '#status/status-client.ts';
export { serveStatus } from '#status/status-server.ts';
export { fetchSmall } from '#update/mirror.ts';
export { ReleaseBook } from '#update/release-book.ts';
export { type TargetPatch, TargetStore } from '#update/target-store.ts';
export { VirtualClock } from '#virtual-clock.ts';
export { type Command, CommandError, type Commands, createCommands } from '#work/commands.ts';
export type { JobHandler, JobHandlers, JobReport, RunningJob } from '#work/handler.ts';
export { createHostLock, type HostLock } from '#work/host-lock.ts';
export { JobError } from '#work/job-error.ts';
export { createJobHandlers, type KindDeps, settle } from '#work/kinds/index.ts';
export { type Answered, answeredKind } from '#work/result-log.ts';
export { Work, type WorkOptions } from '#work/work.ts';
export type { WorkStatus } from '#work/work-status.ts';
