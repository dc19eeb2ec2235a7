import { formatJoinToken } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import type { SshOutput, SshSession } from '#seams/ssh-pool/index.ts';
import { AGENT_PATIENCE, recoverAgent } from './agent-setup.ts';
import { Remote } from './remote.ts';
import type { SshJob, SshKit } from './ssh-job.ts';

const NODE = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);
const OWNER = 'now@stoa.example';
const TOKEN = formatJoinToken({
  ...{ hub: 'https://hub.example', region: 'eu', owner: OWNER, expiresAt: 2_000_000_000_000 },
  ...{ rootFingerprint: new Uint8Array(32), tokenId: new Uint8Array(16), secret: new Uint8Array(32) },
});

interface Host {
  readonly starts: boolean;
  /** What install.sh ends with. */
  readonly install: Partial<SshOutput>;
  /** Of the node that answers once install.sh has run; undefined: none does until its identity is gone. */
  readonly answers: string | undefined;
}

/**
 * A host whose agent does not answer at first.
 * @param before of the job.
 * @returns what became of it, whether its identity was put aside, and as what the uses of SSH of its new node were known.
 */
async function recover(
  host: Host,
  joined: readonly string[] = [],
  before = NODE,
): Promise<{ outcome: unknown; aside: boolean; known: readonly string[] }> {
  let [aside, installed] = [false, false];
  let known: readonly string[] = [];
  const nodeId = () => (aside ? OTHER : installed ? host.answers : undefined);
  // By what each script alone says.
  const answers: Readonly<Record<string, () => Partial<SshOutput>>> = {
    STOA_TOKEN: () => {
      installed = host.install.exitCode === 0;
      return host.install;
    },
    'identity.lost': () => {
      aside = true;
      return {};
    },
    'status --json': () => (nodeId() === undefined ? { exitCode: 4 } : { stdout: `node ${nodeId()}\n` }),
    'does not start': () => ({ stdout: host.starts ? 'the program starts\n' : '' }),
    'it starts': () => ({ stdout: host.starts ? 'it starts\n' : '' }),
    'id -u': () => ({ stdout: 'root\n' }),
  };
  const answer = (command: string): Partial<SshOutput> =>
    Object.entries(answers).find(([mark]) => command.includes(mark))?.[1]() ?? {};
  const session: SshSession = {
    run: async (command) => ({ exitCode: 0, stdout: '', stderr: '', ...answer(command) }),
  };
  const job: SshJob = {
    row: {
      ...{
        jobId: 'j',
        kind: 'agent-recover',
        nodeId: before,
        owner: OWNER,
        params: '',
        createdBy: 'a@b.example',
      },
      ...{ attempt: 1, fencingToken: 1 },
    },
    params: {},
    signal: new AbortController().signal,
    say: () => undefined,
    step: async () => undefined,
    become: async () => undefined,
  };
  const kit = {
    vault: { open: async () => TOKEN, forget: async () => true },
    registry: { ownerOf: async () => OWNER },
    tokens: { usersOf: async () => joined },
    access: { becomes: async () => undefined },
    audit: {
      async nameAlso(_act: string, subjects: readonly string[]) {
        known = subjects;
      },
    },
    installer: { script: 'true' },
    patience: AGENT_PATIENCE,
  } as unknown as SshKit;
  const access = {
    ...{ host: 'h', port: 22, user: 'op', nodeId: NODE, key: undefined, next: undefined, old: undefined },
    seatJob: undefined,
  };
  const remote = new Remote({ session, signal: job.signal, say: job.say });
  const outcome: unknown = await recoverAgent(remote, { access, job, kit }).catch((error: unknown) => error);
  return { outcome, aside, known };
}

describe('agent-recover', () => {
  const WORKS = { exitCode: 0 };

  it('puts an identity aside where the program starts and its agent does not answer', async () => {
    expect(await recover({ starts: true, install: WORKS, answers: undefined })).toEqual({
      outcome: { nodeId: OTHER, was: 'broken' },
      aside: true,
      known: ['j', NODE],
    });
  });

  it('brings the uses of SSH from before to the new node, also where the job names the host alone', async () => {
    const host = { starts: true, install: WORKS, answers: undefined };
    expect(await recover(host, [], 'h:22')).toMatchObject({ known: ['j', NODE] });
  });

  it.each([
    [
      'the download fails',
      { starts: true, install: { exitCode: 1, stderr: 'the download was cut' } },
      'remote_failed',
    ],
    ['the program does not start', { starts: false, install: WORKS }, 'agent_not_up'],
    [
      'the disk is full',
      { starts: true, install: { exitCode: 1, stderr: 'No space left on device' } },
      'remote_disk_full',
    ],
  ])('leaves the identity where %s', async (_why, host, code) => {
    expect(await recover({ ...host, answers: undefined })).toMatchObject({ outcome: { code }, aside: false });
  });

  it('leaves the identity where another node joined by the token of the job', async () => {
    expect(await recover({ starts: true, install: WORKS, answers: NODE }, [OTHER])).toMatchObject({
      outcome: { code: 'fingerprint_mismatch' },
      aside: false,
    });
  });
});
