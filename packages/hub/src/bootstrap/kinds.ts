import type { JobKind, KindClass, Parameters } from '@stoa/protocol';

/** Work that a worker does over SSH. Each may be run twice, or again after it was cut off anywhere, and ends the same. */
export interface SshKind extends Pick<JobKind, 'doc' | 'undo' | 'parameters'> {
  readonly class: KindClass;
  /** At once, over all workers (domain.md, Jobs). */
  readonly cap: number;
  /** Can't be done without a one-time password where our key is not on the host. */
  readonly seats: boolean;
}

const CAP = { install: 2, usual: 8 };

const user = {
  type: 'text',
  pattern: /[a-z_][a-z0-9_-]{0,31}/,
  max: 32,
  doc: 'the user to sign in as: root, or one with sudo, who becomes root without a password from then on',
} as const;
const place: Parameters = {
  host: { type: 'text', pattern: /[A-Za-z0-9.:-]{1,253}/, max: 253, doc: 'name or address of the host' },
  port: { type: 'number', min: 1, max: 65_535, default: 22, doc: 'port of its SSH server' },
  user,
};
const firewall: Parameters = {
  allow: {
    type: 'text',
    pattern: /(?:\d{1,5}(?:,\d{1,5}){0,31})?/,
    max: 200,
    default: '1789',
    doc: 'TCP ports that stay open besides the one of this SSH session, commas between',
  },
};

export const SSH_KINDS = {
  bootstrap: {
    class: 'code',
    doc: 'make a bare host a node: our key, sudo, prerequisites, the agent; its identity is read back and compared',
    undo: 'sh install.sh --uninstall --purge on the host; remove our line from authorized_keys and /etc/sudoers.d/zz-stoa-hub-USER',
    cap: CAP.install,
    seats: true,
    parameters: {
      ...place,
      label: {
        type: 'text',
        pattern: /[^\p{C}]{0,56}/u,
        max: 56,
        default: '',
        doc: 'name of the node; empty for one by its id',
      },
      tags: {
        type: 'text',
        pattern: /(?:[\p{L}\p{N}][\p{L}\p{N}._-]{0,31}(?: [\p{L}\p{N}][\p{L}\p{N}._-]{0,31}){0,9})?/u,
        max: 400,
        default: '',
        doc: 'tags of the node, a space between',
      },
    },
  },
  'key-reseat': {
    class: 'disruptive',
    doc: 'put a new key of ours in place; the old one goes only after the new one works',
    undo: 'run it again',
    cap: CAP.usual,
    seats: true,
    parameters: {},
  },
  'agent-install': {
    class: 'code',
    doc: 'install the agent, or the version of it that this hub offers',
    undo: 'sh install.sh --uninstall on the host',
    cap: CAP.install,
    seats: false,
    parameters: {},
  },
  'agent-recover': {
    class: 'code',
    doc: 'bring a dead agent back: restart it, replace a broken version, join anew where its identity is lost',
    undo: 'an identity that could not be read is kept beside the new one',
    cap: CAP.install,
    seats: false,
    parameters: {},
  },
  'sudoers-repair': {
    class: 'disruptive',
    doc: 'let our user become root again without a password, by a rule that visudo has checked',
    undo: 'rm /etc/sudoers.d/zz-stoa-hub-USER on the host',
    cap: CAP.usual,
    seats: true,
    parameters: {},
  },
  'firewall-bootstrap': {
    class: 'disruptive',
    doc: 'close all TCP and UDP ports but those named and the one of this session; undone by itself if that locks us out',
    undo: 'nft delete table inet stoa; rm /etc/nftables.d/stoa.nft',
    cap: CAP.usual,
    seats: false,
    parameters: firewall,
  },
  'firewall-reconcile': {
    class: 'disruptive',
    doc: 'put the firewall to these ports where it is not; changes nothing where nothing differs',
    undo: 'nft delete table inet stoa; rm /etc/nftables.d/stoa.nft',
    cap: CAP.usual,
    seats: false,
    parameters: firewall,
  },
} as const satisfies Record<string, SshKind>;

export type SshKindName = keyof typeof SSH_KINDS;

export function isSshKind(name: string): name is SshKindName {
  return Object.hasOwn(SSH_KINDS, name);
}

export function sshKindOf(name: SshKindName): SshKind {
  return SSH_KINDS[name];
}

/** §16.4: 32 at once in a hub, and of each kind: benchmarks 4, installs 2, others 8. */
export const SSH_SLOTS = 32;
export const SSH_CAPS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(SSH_KINDS).map(([name, { cap }]) => [name, cap]),
);
