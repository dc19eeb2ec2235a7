import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { runCli } from '#cli/cli.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import type { ExitCode } from '#cli/exit-code.ts';
import { type Clock, createClock } from '#clock.ts';
import { LogRing } from '#log.ts';
import { makeUpdate, makeWork } from '#status/snapshot.fixture.ts';
import type { StatusSnapshot } from '#status/snapshot.ts';
import { serveStatus } from '#status/status-server.ts';
import type { WorkStatus } from '#work/work-status.ts';

export interface CliRun {
  code: ExitCode;
  out: string;
  err: string;
  /** stdout as JSON. */
  json(): Record<string, unknown>;
}

export interface CliSetting {
  deps?: Partial<CommandDeps>;
  env?: Record<string, string>;
  clock?: Clock;
  signal?: AbortSignal;
  terminal?: boolean;
  /** Told what is printed, as it is. */
  onOut?: (text: string) => void;
  /** What a person answers; without it there is no terminal to ask. */
  answer?: string;
}

const unused = (name: string) => () => expect.fail(`${name} was not to be called`);

export interface CliFixture {
  cli(argv: readonly string[], setting?: CliSetting): Promise<CliRun>;
  /** Answers on the status socket as a running agent would. */
  serve(snapshot: StatusSnapshot, logs?: readonly string[], work?: WorkStatus): Promise<void>;
  dataDir: string;
  /** Questions that were put to a person. */
  asked: string[];
  /** How often the agent was told to look at its files. */
  looks: unknown[];
  /** What was asked of its updates. */
  updates: object[];
  /** The agent's log. */
  ring: LogRing;
}

/** Runs the command line in a data directory of its own. */
export function makeCli(): CliFixture {
  const dataDir = mkdtempSync(join(tmpdir(), 'stoa-cli-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const asked: string[] = [];
  const looks: unknown[] = [];
  const updates: object[] = [];
  const ring = new LogRing();

  async function cli(argv: readonly string[], setting: CliSetting = {}): Promise<CliRun> {
    let [out, err] = ['', ''];
    const { answer, clock = createClock(), terminal = false } = setting;
    const code = await runCli({
      argv,
      env: {
        STOA_AGENT_POLICY: join(dataDir, 'etc/policy'),
        STOA_AGENT_DATA: dataDir,
        CHAINWEB_URL: 'http://127.0.0.1:1',
        ...setting.env,
      },
      host: { root: false, home: dataDir },
      signal: setting.signal ?? new AbortController().signal,
      clock,
      io: {
        out: (text) => {
          out += text;
          setting.onOut?.(text);
        },
        err: (text) => {
          err += text;
        },
        interactive: answer !== undefined,
        terminal,
        ask: async (question) => {
          asked.push(question);
          return answer ?? '';
        },
      },
      deps: {
        version: '1.2.3',
        run: unused('run'),
        enroll: unused('enroll'),
        rotateKey: unused('rotateKey'),
        edit: unused('edit'),
        installation: unused('installation'),
        identity: async () => undefined,
        ...setting.deps,
      },
    });
    return { code, out, err, json: () => JSON.parse(out) };
  }

  async function serve(
    snapshot: StatusSnapshot,
    logs: readonly string[] = [],
    work: WorkStatus = makeWork(),
  ): Promise<void> {
    const server = await serveStatus({
      path: join(dataDir, 'status.sock'),
      clock: createClock(),
      answers: {
        status: () => snapshot,
        metrics: () => ({ text: 'stoa_agent_info 1\n' }),
        logs: () => ({ lines: logs }),
        jobs: () => work,
        update: async (request) => {
          updates.push(request);
          return snapshot.update ?? makeUpdate();
        },
        look: async () => {
          looks.push(work);
          return work;
        },
      },
      follow: (told) => ring.follow(told),
    });
    onTestFinished(() => server.close());
  }

  return { cli, serve, dataDir, asked, looks, updates, ring };
}
