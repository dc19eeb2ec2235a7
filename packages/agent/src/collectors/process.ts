import type { Clock } from '#clock.ts';
import type { Collector } from '#collectors/collector.ts';
import { bytesOf, type Proc, type ProcessStat, parseStat } from '#collectors/proc.ts';
import { findSupervision, type InspectContainer, type Supervision } from '#collectors/supervision.ts';
import { redactArgv } from '#redact.ts';

export interface ChainwebProcess {
  readonly pid: number;
  /** Secrets redacted; the program itself first. */
  readonly argv: readonly string[];
  readonly supervision: Supervision;
  /** Wall clock, ms since 1970. */
  readonly startedAt: number;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  /** Per mille of one core since the run before; undefined in the first one. */
  readonly cpuPermille: number | undefined;
}

export interface ChainwebProcesses {
  /** The one that serves the configured ports; undefined while none runs. */
  readonly node: ChainwebProcess | undefined;
  /** How many chainweb nodes this host runs. */
  readonly count: number;
  /** Nodes whose arguments this user may not read. */
  readonly unreadable: number;
}

export interface ProcessDeps {
  clock: Clock;
  proc: Proc;
  inspectContainer: InspectContainer;
  /** Ports of the configured service and P2P URLs: they tell one node of a host from another. */
  servicePort: string;
  p2pPort: string;
}

const PERIOD_MS = 30_000;
/** While no node runs, each run looks through the new processes of the host. */
const SEARCH_PERIOD_MS = 60_000;
const TIMEOUT_MS = 5000;
/** How late a second node of the host is noticed, or one whose process was another program for long. */
const RESCAN_MS = 300_000;

/** Processes looked at in one turn of the loop: a host has hundreds, and the first look falls into the agent's own start. */
const SLICE = 16;

/** comm holds 15 bytes; nix wraps the program as `.chainweb-node-wrapped`. Scripts, `docker run` and `screen` differ. */
const NODE_COMM = /^\.?chainweb-node/;

interface Candidate extends ProcessStat {
  readonly pid: number;
  /** Empty where it may not be read. */
  readonly argv: readonly string[];
}

interface CpuSample {
  readonly process: string;
  readonly cpuMs: number;
  readonly at: number;
}

export function processCollector(deps: ProcessDeps): Collector<ChainwebProcesses> {
  const finder = new NodeFinder(deps);
  const cleaned = cleanArguments();
  let last: CpuSample | undefined;
  return {
    name: 'process',
    periodMs: () => (last ? PERIOD_MS : SEARCH_PERIOD_MS),
    timeoutMs: TIMEOUT_MS,
    async collect(signal) {
      const found = await finder.find(signal);
      const readable = found.filter(({ argv }) => argv.length > 0);
      const node = choose(readable, deps);
      const before = last;
      last = node && { process: nameOf(node), cpuMs: node.cpuMs, at: deps.clock.monotonic() };
      return {
        node:
          node &&
          (await describe(deps, { ...node, argv: cleaned(node.argv) }, cpuBetween(before, last), signal)),
        count: found.length,
        unreadable: found.length - readable.length,
      };
    },
  };
}

/** Cleaning costs more than all else here, and a process keeps its arguments: those of the last one are known. */
function cleanArguments(): (argv: readonly string[]) => string[] {
  let last = { text: '', clean: [] as string[] };
  return (argv) => {
    const text = argv.join('\0');
    if (text !== last.text) last = { text, clean: redactArgv(argv) };
    return last.clean;
  };
}

/**
 * Looks through all processes of the host once in a while, and in between only at those that it found; where these have
 * changed, or none was found, also at those that are new.
 */
class NodeFinder {
  readonly #deps: ProcessDeps;
  #known: { pids: readonly number[]; names: string } = { pids: [], names: '' };
  /** When all were looked at. */
  #scannedAt: number | undefined;
  /** At the last look. */
  #all: ReadonlySet<number> = new Set();
  /** Looked at twice: a host has hundreds, the name of each takes a read, and what is to become the node does so at once. */
  #seen: ReadonlySet<number> = new Set();

  constructor(deps: ProcessDeps) {
    this.#deps = deps;
  }

  async find(signal: AbortSignal): Promise<Candidate[]> {
    const { proc, clock } = this.#deps;
    const now = clock.monotonic();
    const { pids, names } = this.#known;
    const whole = this.#scannedAt === undefined || now - this.#scannedAt >= RESCAN_MS;
    if (!whole && pids.length > 0) {
      const found = await findCandidates(proc, pids, signal);
      if (namesOf(found) === names) return found;
    }
    const all = proc.pids();
    const looked = whole ? all : all.filter((pid) => pids.includes(pid) || !this.#seen.has(pid));
    const found = await findCandidates(proc, looked, signal);
    if (whole) this.#scannedAt = now;
    this.#seen = new Set(all.filter((pid) => this.#all.has(pid)));
    this.#all = new Set(all);
    this.#known = { pids: found.map(({ pid }) => pid), names: namesOf(found) };
    return found;
  }
}

function namesOf(found: readonly Candidate[]): string {
  return found.map(nameOf).join(' ');
}

async function findCandidates(
  proc: Proc,
  pids: readonly number[],
  signal: AbortSignal,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % SLICE === SLICE - 1) await new Promise(setImmediate);
    if (!NODE_COMM.test(proc.read(`${pid}/comm`) ?? '')) continue;
    const stat = parseStat(proc.read(`${pid}/stat`) ?? '');
    if (stat === undefined || stat.state === 'Z') continue;
    const text = (await proc.readSlow(`${pid}/cmdline`, signal)) ?? '';
    found.push({ ...stat, pid, argv: text.split('\0').slice(0, -1) });
  }
  return found;
}

/** By its ports; else the oldest, which is also the only one on nearly every host. */
function choose(
  candidates: readonly Candidate[],
  { servicePort, p2pPort }: ProcessDeps,
): Candidate | undefined {
  const oldestFirst = candidates.toSorted((a, b) => a.startedMs - b.startedMs);
  const serving = (option: string, port: string) =>
    oldestFirst.find(({ argv }) => optionOf(argv, option) === port);
  return serving('--service-port', servicePort) ?? serving('--p2p-port', p2pPort) ?? oldestFirst[0];
}

/** Value of `--option value` or `--option=value`; the last one wins, as it does for the node. */
export function optionOf(argv: readonly string[], option: string): string | undefined {
  const at = argv.findLastIndex((argument) => argument === option || argument.startsWith(`${option}=`));
  const argument = argv[at];
  return argument === option ? argv[at + 1] : argument?.slice(option.length + 1);
}

function nameOf({ pid, startedMs }: Candidate): string {
  return `${pid}@${startedMs}`;
}

function cpuBetween(before: CpuSample | undefined, now: CpuSample | undefined): number | undefined {
  if (!before || !now || before.process !== now.process || now.at <= before.at) return undefined;
  return Math.round((1000 * (now.cpuMs - before.cpuMs)) / (now.at - before.at));
}

async function describe(
  { proc, inspectContainer }: ProcessDeps,
  node: Candidate,
  cpuPermille: number | undefined,
  signal: AbortSignal,
): Promise<ChainwebProcess> {
  const { pid, startedMs } = node;
  const bootSeconds = Number(/^btime (\d+)$/m.exec(proc.read('stat') ?? '')?.[1] ?? 0);
  const machineUptimeMs = Number.parseFloat(proc.read('uptime') ?? '0') * 1000;
  return {
    pid,
    argv: node.argv,
    supervision: await findSupervision(proc, pid, inspectContainer, signal),
    startedAt: bootSeconds * 1000 + startedMs,
    uptimeMs: Math.max(0, machineUptimeMs - startedMs),
    rssBytes: bytesOf(proc.read(`${pid}/status`), 'VmRSS') ?? 0,
    cpuPermille,
  };
}
