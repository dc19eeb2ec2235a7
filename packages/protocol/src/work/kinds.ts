/**
 * Kinds of work that an agent runs. The table is part of the contract: the hub builds forms and help from it, the agent
 * takes a kind's class from it and never from a message, so no hub can declare a reseed harmless.
 */
import { LIMITS } from '../limits.ts';
import type { Parameters } from './parameters.ts';

/**
 * read: changes nothing. disruptive: stops, restarts, measures, renews; takes a signed order. code: brings code or data
 * that the node will trust; guarded: the order must be signed by the owner's key, or by an admin's whom the owner listed.
 */
export type KindClass = 'read' | 'disruptive' | 'code';

export interface JobKind {
  readonly class: KindClass;
  /** One line for people. */
  readonly doc: string;
  /** Running it twice has the effect of running it once: only then is a lost lease given out again by itself. */
  readonly idempotent: boolean;
  /** How to take it back, or why that can't be. */
  readonly undo: string;
  /** Has steps that the agent's user may not do: they go through the privileged unit. */
  readonly root: boolean;
  /** Longest run, ms. */
  readonly limitMs: number;
  readonly parameters: Parameters;
}

const digest = {
  type: 'text',
  pattern: /[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}/,
  max: 300,
  doc: 'container image with its digest: name@sha256:…',
} as const;
const sha256 = {
  type: 'text',
  pattern: /[0-9a-f]{64}/,
  max: 64,
  doc: 'SHA-256 of the file, 64 hex digits',
} as const;
const httpsUrl = (doc: string) =>
  ({ type: 'text', pattern: /https:\/\/[^\s"'\\]{1,380}/, max: 400, doc }) as const;

/** A program, named by its hash: an image for containers, a tarball for systemd. */
const program = {
  image: { ...digest, pattern: /(?:[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64})?/, default: '' },
  url: {
    ...httpsUrl('a tarball, for nodes under systemd'),
    pattern: /(?:https:\/\/[^\s"'\\]{1,380})?/,
    default: '',
    needs: 'sha256',
  },
  sha256: { ...sha256, pattern: /[0-9a-f]{64}|/, default: '', needs: 'url' },
} as const;
const neededProgram = { ...program, image: { ...program.image, or: 'url' } } as const;

const archivePlace = {
  type: 'text',
  pattern: /disk|https:\/\/[^\s"'\\]{1,380}/,
  max: 400,
  default: 'disk',
  doc: 'disk (the backup directory of the node) or a URL',
} as const;

const { commandMs, longJobMs } = LIMITS;

export const JOB_KINDS = {
  'system-probe': {
    class: 'read',
    doc: 'report the host: CPU, memory, disks, kernel, clock, supervision of chainweb-node',
    idempotent: true,
    undo: 'nothing is changed',
    root: false,
    limitMs: 60_000,
    parameters: {},
  },
  'node-test': {
    class: 'read',
    doc: 'test the node: API, cut, peers, disk, process arguments, ports, certificate',
    idempotent: true,
    undo: 'nothing is changed',
    root: false,
    limitMs: 120_000,
    parameters: {},
  },
  'stoachain-control': {
    class: 'disruptive',
    doc: 'start, stop or restart chainweb-node under its supervisor',
    idempotent: false,
    undo: 'run the opposite action',
    root: true,
    limitMs: commandMs,
    parameters: {
      action: { type: 'choice', options: ['start', 'stop', 'restart'], doc: 'what to do' },
    },
  },
  'stoachain-cert-rotate': {
    class: 'disruptive',
    doc: 'make a new self-signed P2P certificate, restart chainweb-node, keep the old one beside it',
    idempotent: false,
    undo: 'the former certificate is kept as *.before and is put back if the node does not come up',
    root: true,
    limitMs: commandMs,
    parameters: {},
  },
  'stoachain-certbot-obtain': {
    class: 'disruptive',
    doc: 'obtain a certificate by ACME (certbot, HTTP-01 on port 80) for the node’s public name',
    idempotent: true,
    undo: 'certbot delete --cert-name DOMAIN on the host',
    root: true,
    limitMs: commandMs,
    parameters: {
      domain: {
        type: 'text',
        pattern: /(?=.{4,253})([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}/,
        max: 253,
        doc: 'public DNS name of the node',
      },
      email: {
        type: 'text',
        pattern: /[^\s@"'\\-][^\s@"'\\]*@[^\s@"'\\]+/,
        max: 254,
        doc: 'whom the authority tells of trouble',
      },
    },
  },
  'seed-refresh': {
    class: 'disruptive',
    doc: 'make the donor snapshot that this node offers anew from its present database',
    idempotent: true,
    undo: 'the former snapshot is kept until the new one is verified',
    root: true,
    limitMs: longJobMs,
    parameters: {},
  },
  'seed-promote': {
    class: 'disruptive',
    doc: 'make the donor snapshot that this node offers from a backup of it, named by its hash',
    idempotent: true,
    undo: 'the former snapshot is kept until the new one is verified; seed-refresh makes another',
    root: true,
    limitMs: longJobMs,
    parameters: { from: archivePlace, sha256 },
  },
  'peer-trust-reset': {
    class: 'disruptive',
    doc: 'restart chainweb-node so that it forgets its peers, which it keeps in memory only, and finds them anew',
    idempotent: true,
    undo: 'nothing to undo: a node finds its peers by itself',
    root: true,
    limitMs: commandMs,
    parameters: {},
  },
  'agent-rollback': {
    class: 'disruptive',
    doc: 'go back to a version of the agent that ran here before and is kept; jobs end first',
    idempotent: false,
    undo: 'stoa-agent update --now on the host, or the next rollout',
    root: false,
    limitMs: 60_000,
    parameters: {
      to: {
        type: 'text',
        pattern: /(?:0|[1-9]\d{0,4})(?:\.(?:0|[1-9]\d{0,4})){2}/,
        max: 17,
        doc: 'version that it goes back to, such as 1.2.3; the tab Updates of the node says which is kept',
      },
    },
  },
  'benchmark-node': {
    class: 'disruptive',
    doc: 'measure CPU, memory, disk and network; chainweb-node is stopped for 3 to 5 minutes and always restarted',
    idempotent: false,
    undo: 'nothing is left behind; chainweb-node runs again',
    root: true,
    limitMs: commandMs,
    parameters: {},
  },
  'drive-benchmark': {
    class: 'disruptive',
    doc: 'measure the drive of the committed path: random reads and writes of 4 KiB, sequential of 1 MiB',
    idempotent: true,
    undo: 'the test file is removed',
    root: false,
    limitMs: commandMs,
    parameters: {
      megabytes: { type: 'number', min: 16, max: 8_192, default: 1_024, doc: 'size of the test file' },
    },
  },
  'backup-stoachain': {
    class: 'disruptive',
    doc: 'stream an archive of the chain database, sealed to the owner’s key, to disk or to storage',
    idempotent: true,
    undo: 'delete the archive',
    root: true,
    limitMs: longJobMs,
    parameters: {
      to: {
        type: 'text',
        pattern: /disk|https:\/\/[^\s"'\\]{1,380}/,
        max: 400,
        default: 'disk',
        doc: 'disk (the backup directory of the node) or a presigned URL',
      },
    },
  },
  'netdata-install': {
    class: 'code',
    doc: 'install netdata from the distribution, listening on loopback only',
    idempotent: true,
    undo: 'apt-get purge netdata on the host',
    root: true,
    limitMs: commandMs,
    parameters: {},
  },
  'apt-upgrade': {
    class: 'code',
    doc: 'upgrade the packages of the distribution; says whether a reboot is due, and never reboots',
    idempotent: true,
    undo: 'none: apt keeps no former versions; the log names each package with both versions',
    root: true,
    limitMs: commandMs,
    parameters: {
      securityOnly: { type: 'flag', default: false, doc: 'only from the security archive' },
    },
  },
  'stoachain-install': {
    class: 'code',
    doc: 'install chainweb-node under a supervisor with the canonical arguments',
    idempotent: true,
    undo: 'stop it and remove the unit or container; the database is kept',
    root: true,
    limitMs: longJobMs,
    parameters: {
      ...neededProgram,
      supervisor: { type: 'choice', options: ['docker', 'compose', 'systemd'], doc: 'who runs it' },
      hostname: {
        type: 'text',
        pattern: /[a-z0-9:][a-z0-9.:-]{0,252}/,
        max: 253,
        doc: 'public name or address of the node (--p2p-hostname)',
      },
      miningPublicKey: {
        type: 'text',
        pattern: /[0-9a-f]{64}|/,
        max: 64,
        default: '',
        doc: 'key that blocks are mined to; empty for none',
      },
    },
  },
  'stoachain-reseed': {
    class: 'code',
    doc: 'replace the chain database by a seed that the order names by its hash; the old one is kept until at tip',
    idempotent: true,
    undo: 'the former database is kept beside it and put back if the node does not reach the tip',
    root: true,
    limitMs: longJobMs,
    parameters: { url: httpsUrl('where the seed is'), sha256 },
  },
  'stoachain-upgrade': {
    class: 'code',
    doc: 'another version of chainweb-node: backup first, arguments kept, healthy at tip or rolled back',
    idempotent: true,
    undo: 'the former image or tarball is kept and put back by itself if the gate fails',
    root: true,
    limitMs: longJobMs,
    parameters: {
      ...neededProgram,
      gateMinutes: {
        type: 'number',
        min: 1,
        max: 120,
        default: 15,
        doc: 'how long it may take to reach the tip',
      },
    },
  },
  'stoachain-convert-supervision': {
    class: 'code',
    doc: 'move chainweb-node to another supervisor with the same arguments and database',
    idempotent: true,
    undo: 'run it with the former supervisor',
    root: true,
    limitMs: longJobMs,
    parameters: {
      to: { type: 'choice', options: ['docker', 'compose', 'systemd'], doc: 'the new supervisor' },
      ...program,
    },
  },
  'backup-restore': {
    class: 'code',
    doc: 'put a backup back, named by its hash; the present database is kept until at tip',
    idempotent: true,
    undo: 'the former database is kept beside it and put back if the node does not reach the tip',
    root: true,
    limitMs: longJobMs,
    parameters: { from: archivePlace, sha256 },
  },
} as const satisfies Record<string, JobKind>;

export type KindName = keyof typeof JOB_KINDS;

export const KIND_NAMES = Object.keys(JOB_KINDS) as readonly KindName[];

export function isKindName(name: string): name is KindName {
  return Object.hasOwn(JOB_KINDS, name);
}

export function kindOf(name: KindName): JobKind {
  return JOB_KINDS[name];
}

/** Needs an order signed by a person's key. */
export function needsOrder(kind: JobKind): boolean {
  return kind.class !== 'read';
}

/** Needs the owner's key, or an admin's whom the owner listed on the node. */
export function isGuarded(kind: JobKind): boolean {
  return kind.class === 'code';
}
