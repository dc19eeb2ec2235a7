import { fromHex, toHex } from '@stoa/protocol';
import type { Act, Step, StepFacts, VerifiedInput } from '#root/act.ts';
import { pathOf, siteOf, wordOf } from '#root/argument.ts';
import { RefusalError } from '#root/refusal.ts';
import { controlActs } from '#root/steps/control.ts';

/** As chainweb-node names its backups: microseconds since 1970. */
const SNAPSHOT = /\d{10,20}/;
const PROVEN = 'data-proven';
const REPLACES = {
  kinds: { 'stoachain-reseed': 3, 'backup-restore': 3 },
  needsSite: true,
  touches: ['database'],
} as const satisfies Omit<Step, 'acts'>;

const snapshot = (facts: StepFacts): string =>
  `${pathOf(facts, 'backups')}/${wordOf(facts.args, 'snapshot', SNAPSHOT)}`;
const incoming = (facts: StepFacts): string => `${pathOf(facts, 'database')}.incoming`;
/** Named by the job, so that two jobs never mix up what they set aside. */
const aside = (facts: StepFacts): string =>
  `${pathOf(facts, 'database')}.before-${toHex(facts.job.jobId).slice(0, 16)}`;

/** The same bytes from the same snapshot, so that an archive which was cut can be gone on with. */
const TAR = [
  'tar',
  '--create',
  '--format=pax',
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
] as const;
const DIRECTORIES = ['-mindepth', '1', '-maxdepth', '1', '-type', 'd'] as const;
const SAME = ['--numeric-owner', '--pax-option=delete=atime,delete=ctime'];

const remove = (path: string): Act => ({
  argv: ['rm', '--recursive', '--force', '--one-file-system', '--', path],
});
const move = (from: string, to: string): Act => ({ argv: ['mv', '--no-target-directory', '--', from, to] });
const exists = (path: string): Act => ({ argv: ['test', '-d', path] });

const seeds = ({ paths }: StepFacts): string => `${paths.chain}/seeds`;
const newSeed = (facts: StepFacts): string => `${seeds(facts)}/seed.tar.zst.new`;
const seedDirectory = (facts: StepFacts): Act => ({
  argv: ['mkdir', '--parents', '--mode=755', '--', seeds(facts)],
});

/** The former seed stays until the new one is whole; the line of its hash is the step's output. */
function testAndPlace(facts: StepFacts): Act[] {
  const made = newSeed(facts);
  return [
    { argv: ['zstd', '--test', '--quiet', made] },
    { argv: ['chmod', '644', '--', made] },
    { argv: ['sha256sum', '--', made] },
    move(made, `${seeds(facts)}/seed.tar.zst`),
  ];
}

function swap(facts: StepFacts): Act[] {
  if (!facts.marks.includes(PROVEN))
    throw new RefusalError(
      'root_unproven_data',
      'no archive with the hash that was ordered has been unpacked by this job',
    );
  const database = pathOf(facts, 'database');
  return [
    { argv: ['chown', '--recursive', `--reference=${database}`, '--', incoming(facts)] },
    // Fails where an earlier attempt of this job has done it: then that one is the former database.
    { ...move(database, aside(facts)), mayFail: true },
    exists(aside(facts)),
    remove(database),
    move(incoming(facts), database),
  ];
}

/** Whatever the job has come to: with nothing set aside, the former database is still in its place. */
function back(facts: StepFacts): Act[] {
  const database = pathOf(facts, 'database');
  const [stop, start] = [controlActs(siteOf(facts), 'stop'), controlActs(siteOf(facts), 'start')];
  return [
    { ...exists(aside(facts)), otherwise: start },
    ...stop,
    remove(database),
    move(aside(facts), database),
    ...start,
  ];
}

function inputOf({ kind, params, args }: StepFacts): VerifiedInput {
  const sha256 = String(params['sha256']);
  if (kind === 'stoachain-reseed') return { sha256 };
  return { sha256, contentKey: fromHex(wordOf(args, 'contentKey', /[0-9a-f]{64}/)) };
}

export type DatabaseStep =
  | 'snapshot-list'
  | 'snapshot-read'
  | 'snapshot-remove'
  | 'seed-make'
  | 'seed-from-backup'
  | 'seed-discard'
  | 'database-unpack'
  | 'database-discard'
  | 'database-swap'
  | 'database-back'
  | 'database-forget';

const SNAPSHOTS = {
  kinds: { 'backup-stoachain': 6, 'seed-refresh': 6, 'stoachain-upgrade': 6 },
  needsSite: true,
  touches: ['backups'],
} as const satisfies Omit<Step, 'acts'>;

export const DATABASE_STEPS: Readonly<Record<DatabaseStep, Step>> = {
  /** Their names: a node that is asked for one may tell its name to nobody any more. */
  'snapshot-list': {
    ...SNAPSHOTS,
    acts: (facts) => [
      {
        argv: ['find', pathOf(facts, 'backups'), ...DIRECTORIES, '-printf', '%f\n'],
        // Before its first backup a node may have no such directory.
        mayFail: true,
      },
    ],
  },
  'snapshot-read': {
    kinds: { 'backup-stoachain': 4 },
    needsSite: true,
    touches: ['backups'],
    acts: (facts) => [{ argv: [...TAR, ...SAME, '--directory', snapshot(facts), '--', '0'], bytes: true }],
  },
  'snapshot-remove': { ...SNAPSHOTS, acts: (facts) => [remove(snapshot(facts))] },
  'seed-make': {
    kinds: { 'seed-refresh': 2 },
    needsSite: true,
    touches: ['backups'],
    acts: (facts) => [
      seedDirectory(facts),
      {
        argv: [
          ...TAR,
          ...SAME,
          '--use-compress-program=zstd -T0 -3',
          '--file',
          newSeed(facts),
          '--directory',
          snapshot(facts),
          '--',
          '0',
        ],
      },
      ...testAndPlace(facts),
    ],
  },
  'seed-from-backup': {
    kinds: { 'seed-promote': 3 },
    input: inputOf,
    acts: (facts) => [
      seedDirectory(facts),
      // A backup holds the same archive as a seed, sealed. What comes after runs only once its hash is the one ordered.
      { argv: ['zstd', '-T0', '-3', '--quiet', '--force', '-o', newSeed(facts)], input: true },
      ...testAndPlace(facts),
    ],
  },
  'seed-discard': {
    kinds: { 'seed-promote': 3 },
    acts: (facts) => [{ argv: ['rm', '--force', '--', newSeed(facts)] }],
  },
  'database-unpack': {
    ...REPLACES,
    // What lies there from now on is not what was proven before.
    unproves: PROVEN,
    input: inputOf,
    acts: (facts) => [
      remove(incoming(facts)),
      { argv: ['mkdir', '--mode=700', '--', incoming(facts)] },
      {
        // A snapshot's Pact databases lie in `sqlite`, a running node's in `sqliteDb`.
        argv: [
          'tar',
          '--extract',
          '--no-same-owner',
          '--no-same-permissions',
          '--transform=s,^0/sqlite/,0/sqliteDb/,',
          '--directory',
          incoming(facts),
        ],
        input: true,
      },
    ],
    effect: () => ({ mark: PROVEN }),
  },
  'database-discard': { ...REPLACES, unproves: PROVEN, acts: (facts) => [remove(incoming(facts))] },
  'database-swap': { ...REPLACES, whole: true, acts: swap },
  'database-back': { ...REPLACES, whole: true, acts: back },
  'database-forget': { ...REPLACES, acts: (facts) => [remove(aside(facts))] },
};
