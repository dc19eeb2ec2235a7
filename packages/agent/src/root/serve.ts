import { join } from 'node:path';
import { toHex } from '@stoa/protocol';
import { createDisk } from '#atomic-file.ts';
import { type Clock, sleep } from '#clock.ts';
import { openProc, type Proc } from '#collectors/proc.ts';
import { type Disk, readText } from '#disk.ts';
import type { SlotStore, SlotStoreDeps } from '#launcher/slot-store.ts';
import type { RootPaths } from '#root/act.ts';
import { directActs, transientActs } from '#root/act-runner.ts';
import { readAgentUser } from '#root/agent-user.ts';
import { Executor } from '#root/executor.ts';
import type { GateFacts } from '#root/gate.ts';
import { Installs } from '#root/installs.ts';
import { OwnerKeys } from '#root/owner-key.ts';
import { RefusalError } from '#root/refusal.ts';
import { createRootServer } from '#root/server.ts';
import { RootStates } from '#root/state.ts';
import { parseTrust } from '#root/trust.ts';
import { createCommands } from '#work/commands.ts';

export interface RootPlaces extends RootPaths {
  /** Its owner is whom this unit serves. */
  readonly socket: string;
  /** `trust` and `policy`, root's own. */
  readonly config: string;
  readonly state: string;
}

export const USUAL_PLACES: RootPlaces = {
  socket: '/run/stoa-agent-root.sock',
  config: '/etc/stoa-agent',
  state: '/var/lib/stoa-agent-root',
  chain: '/var/lib/stoachain',
  programs: '/opt/stoachain/programs',
  units: '/etc/systemd/system',
  workshop: '/var/lib/stoa-agent-root/workshop',
};

/** systemd starts it again with the next connection. */
const IDLE_MS = 60_000;

/** Serves the socket until it was idle for a minute, something else is to run, or the signal aborts. */
export async function serveRoot(by: {
  /** The one that systemd hands over. */
  socket: { fd: number } | { path: string };
  places: RootPlaces;
  clock: Clock;
  /** Whether systemd runs this host: then each act is a unit of its own. */
  systemd: boolean;
  log: (line: string) => void;
  signal: AbortSignal;
  /** What runs is for updating only. */
  updateOnly: boolean;
  /** Of the installation that a launcher started this unit from. */
  slots?: (facts: Pick<SlotStoreDeps, 'provenTime'>) => SlotStore;
  /** It serves. */
  onServing?: () => void;
}): Promise<void> {
  const { places, clock } = by;
  const log = (line: string): void => by.log(line.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}'));
  const proc = openProc();
  const disk = createDisk();
  const commands = createCommands(clock);
  const states = new RootStates(disk, places.state);
  const slots = by.slots?.({ provenTime: () => states.provenTime() });
  const executor = new Executor({
    clock,
    proc,
    states,
    ownerKeys: new OwnerKeys(disk, places.state),
    facts: () => readFacts(disk, proc, places),
    policyOf: ({ instance }) =>
      rootsOwn(disk, join(places.config, instance === 'default' ? 'policy' : `policy-${instance}`)),
    runAct: by.systemd ? transientActs(commands) : directActs(commands),
    paths: places,
  });
  const idle = new Idle(clock, by.signal);
  const server = createRootServer({
    clock,
    executor: by.updateOnly ? undefined : executor,
    // The next connection shall meet what was selected: none is taken any more, or they could follow each other for ever.
    installs:
      slots &&
      new Installs(slots, () => {
        server.close();
        idle.soon();
      }),
    onInstall: (what) => log(`installed: ${what}`),
    onBusy: () => idle.busy(),
    onIdle: () => idle.idle(),
    onRefusal: (code, message) => log(`refused: ${code}: ${message}`),
    onRun: (step, { kind, jobId, attempt }, exitCode) =>
      log(`ran: ${step} for ${kind} ${toHex(jobId)}, attempt ${attempt}: exit code ${exitCode}`),
  });
  server.listen(by.socket, by.onServing);
  await idle.over;
  server.close();
}

class Idle {
  readonly over: Promise<void>;
  readonly #end: () => void;
  readonly #clock: Clock;
  #wait: AbortController | undefined;
  #ms = IDLE_MS;

  constructor(clock: Clock, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock = clock;
    this.over = promise;
    this.#end = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    this.idle();
  }

  busy(): void {
    this.#wait?.abort();
  }

  idle(): void {
    const wait = new AbortController();
    this.#wait = wait;
    sleep(this.#clock, this.#ms, wait.signal).then(this.#end, () => undefined);
  }

  /** Ends with the last connection, and the step that goes on without its own. */
  soon(): void {
    this.#ms = 0;
  }
}

async function readFacts(
  disk: Disk,
  proc: Proc,
  { config, socket }: RootPlaces,
): Promise<Omit<GateFacts, 'policy'>> {
  const trust = await rootsOwn(disk, join(config, 'trust'));
  if (trust === undefined)
    throw new RefusalError('root_not_pinned', `there is no ${join(config, 'trust')}: run install.sh again`);
  return {
    trust: parseTrust(trust),
    agent: await readAgentUser(disk, { socket }),
    bootId: proc.read('sys/kernel/random/boot_id')?.trim() ?? '',
    uptimeMs: Math.floor(Number.parseFloat(proc.read('uptime') ?? '0') * 1000),
  };
}

/** A file that others may write says nothing. */
async function rootsOwn(disk: Disk, path: string): Promise<string | undefined> {
  const stat = await disk.stat(path);
  if (stat === undefined) return undefined;
  if (stat.kind !== 'file' || stat.uid !== 0 || (stat.mode & 0o022) !== 0)
    throw new RefusalError('root_not_pinned', `${path} must be a file of root's that nobody else may write`);
  return readText(disk, path);
}
