/** A node that updates itself from a real server into a real installation; time passes when a test says so. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import {
  decodeAgentMessage,
  type EncodedMessage,
  fromHex,
  type UpdateAssignment,
  type UpdateState,
  type UpdateStatus,
} from '@stoa/protocol';
import {
  makeReleaseParties,
  makeTarget,
  NOW,
  type ReleaseParties,
  seededRandom,
} from '@stoa/protocol/fixtures';
import { peekTargets, type ReleaseContent, type ReleaseTarget } from '@stoa/protocol/release';
import { expect, onTestFinished, vi } from 'vitest';
import { createClock } from '#clock.ts';
import { createHttp } from '#http.ts';
import { readPlainFile } from '#launcher/direct-installer.ts';
import { type Installation, makeInstallation, PLATFORM } from '#launcher/installation.fixture.ts';
import type { SlotInstaller } from '#launcher/installer.ts';
import type { Failure, Launched, ProofOfLife } from '#launcher/launched.ts';
import { createLog } from '#log.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { inTurn } from '#update/installer-queue.ts';
import { Updater } from '#update/updater.ts';
import { VirtualClock } from '#virtual-clock.ts';

export const HOUR = 3_600_000;

function payloadOf(version: string): Buffer {
  return Buffer.from(`payload ${version}`.repeat(500));
}

export interface Boot {
  readonly version: string;
  readonly slot?: string;
  readonly failures?: readonly Failure[];
  readonly updateOnly?: boolean;
}

/** One process of the node. */
export interface Process {
  readonly updater: Updater;
  /** What it told the hub, oldest first. */
  readonly told: UpdateStatus[];
  readonly confirmed: ProofOfLife[];
  readonly restarts: () => number;
  readonly held: boolean[];
  readonly jobs: { running: number };
}

export class UpdateWorld {
  readonly clock: VirtualClock = new VirtualClock(NOW);
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly parties: ReleaseParties = makeReleaseParties('update world');
  readonly installation: Installation = makeInstallation(this.parties);
  readonly dataDir: string = mkdtempSync(join(tmpdir(), 'stoa-update-'));
  readonly lines: string[] = [];
  /** What the hub's `/releases` serves, by path. */
  readonly files: Map<string, Uint8Array> = new Map();
  readonly asked: string[] = [];
  /** Proven by the region. */
  time: number = NOW;
  /** As the hub of the session has it. */
  hubNow: number | undefined;
  alone = false;
  readonly #server: Server;
  #boots = 0;
  #process: Process | undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      const bytes = this.files.get((request.url ?? '').replace(/^\/releases/, ''));
      response.writeHead(bytes ? 200 : 404, { 'content-length': bytes?.length ?? 0 }).end(bytes);
    });
    onTestFinished(() => {
      this.#process?.updater.stop();
      this.#server.closeAllConnections();
      this.#server.close();
      rmSync(this.dataDir, { recursive: true, force: true });
    });
  }

  static async make(): Promise<UpdateWorld> {
    const world = new UpdateWorld();
    await new Promise<void>((resolve) => world.#server.listen(0, '127.0.0.1', resolve));
    return world;
  }

  get hub(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Serves a release of a payload; `from` a version, as a patch as well. @returns its assignment. */
  publish(
    version: string,
    targetsVersion: number,
    changes: Partial<ReleaseContent> & { online?: number; expiresAt?: number; from?: string } = {},
  ): UpdateAssignment {
    const { online = targetsVersion, expiresAt = NOW + 60 * 24 * HOUR, from, ...content } = changes;
    const bytes = payloadOf(version);
    const target = makeTarget(PLATFORM, version, { bytes });
    const patches = from === undefined ? [] : [this.#patch(bytes, { version, from })];
    const targets = this.parties.targets({
      version: targetsVersion,
      release: version,
      targets: [target, ...patches],
      ...content,
    });
    const { timestamp, snapshot } = this.parties.online(targets, {
      version: online,
      targetsVersion,
      expiresAt,
    });
    this.files.set('/metadata/timestamp.json', timestamp);
    this.files.set(`/metadata/${online}.snapshot.json`, snapshot);
    this.files.set(`/metadata/${targetsVersion}.targets.json`, targets);
    this.files.set(`/targets/${target.sha256}.zst`, zstdCompressSync(bytes));
    return {
      id: Uint8Array.from(
        createHash('sha256').update(`${version} ${targetsVersion}`).digest().subarray(0, 16),
      ),
      act: 'install',
      kind: 'payload',
      version,
      targetsVersion,
      targetsSha256: fromHex(peekTargets(targets).sha256),
      notBefore: 0,
      deadline: NOW + 20 * 24 * HOUR,
      mirrors: [],
      now: false,
    };
  }

  #patch(bytes: Buffer, { version, from }: { version: string; from: string }): ReleaseTarget {
    const before = payloadOf(from);
    const patch = zstdCompressSync(bytes, { dictionary: before });
    const custom = {
      kind: 'payload-patch',
      from: makeTarget(PLATFORM, from, { bytes: before }).sha256,
    } as const;
    const target = makeTarget(PLATFORM, version, { bytes: patch, custom });
    this.files.set(`/targets/${target.sha256}`, patch);
    return target;
  }

  /** `silent` as after a crash: the process before is not stopped by itself. */
  async boot({ version, slot = 'factory', failures = [], updateOnly = false }: Boot): Promise<Process> {
    this.#process?.updater.stop();
    this.#boots += 1;
    const [told, confirmed, held]: [UpdateStatus[], ProofOfLife[], boolean[]] = [[], [], []];
    let restarts = 0;
    const jobs = { running: 0 };
    const store = this.installation.store();
    const installer: SlotInstaller = {
      way: 'direct',
      state: () => store.state(),
      stage: ({ file, ...release }) => store.stage({ ...release, bytes: readPlainFile(file) }),
      select: (id) => store.select(id),
      reject: (id, reason) => store.reject(id, reason),
      keep: (id) => store.keep(id),
      up: () => store.up(),
      restart: () => Promise.reject(new Error('the core restarts')),
    };
    const updater = await Updater.open({
      clock: this.clock,
      disk: this.disk,
      log: createLog({ clock: this.clock, level: 'debug', write: (line) => void this.lines.push(line) }),
      // Real servers take real time, whatever the node's clock says.
      http: createHttp({ clock: createClock() }),
      random: seededRandom(`boot ${this.#boots}`),
      version,
      platform: PLATFORM,
      anchor: this.installation.root,
      hub: () => this.hub,
      time: () => this.time,
      hubNow: () => this.hubNow,
      launched: {
        slot: {
          id: slot,
          version,
          sha256:
            slot === 'factory' ? '' : makeTarget(PLATFORM, version, { bytes: payloadOf(version) }).sha256,
          targetsVersion: undefined,
        },
        failures,
        updateOnly,
        launcherVersion: '1.0.0',
        node: '24.21.0',
        prefix: this.installation.layout.prefix,
        runtimeSha256: async () => 'ab'.repeat(32),
        confirm: async (proof: ProofOfLife) => void confirmed.push(proof),
      } as unknown as Launched,
      installer: inTurn(installer),
      dataDir: this.dataDir,
      instance: 'default',
      work: {
        hold: (on) => void held.push(on),
        get running() {
          return jobs.running;
        },
      },
      alone: () => this.alone,
      restart: () => {
        restarts += 1;
      },
    });
    updater.start();
    const process: Process = { updater, told, confirmed, held, jobs, restarts: () => restarts };
    this.#process = process;
    return process;
  }

  /** A session in which both sides speak of updates. */
  connect({ updater, told }: Process): void {
    updater.connected();
    updater.opened((message: EncodedMessage) => {
      const decoded = decodeAgentMessage(message.type, message.payload);
      if (decoded.name === 'updateStatus') told.push(decoded.value);
    });
  }

  /** Time passes, as the hub tells it. */
  async pass(ms: number): Promise<void> {
    this.time += ms;
    await this.clock.advance(ms);
  }

  /** What is under way on real sockets and files gets its time. */
  async reaches({ updater }: Process, state: UpdateState): Promise<void> {
    await vi.waitFor(() => expect(updater.view()).toMatchObject({ state }), 60_000);
  }

  /** Time goes on until it restarts, for what began to wait only after the last leap. */
  async restarted({ restarts }: Process): Promise<void> {
    const look = async (): Promise<void> => {
      await this.pass(1_000);
      expect(restarts()).toBe(1);
    };
    await vi.waitFor(look, 60_000);
  }
}
