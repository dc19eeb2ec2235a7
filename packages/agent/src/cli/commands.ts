import type { Command } from '#cli/command.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    summary: 'Run the agent until it is told to stop',
    usage: '',
    options: {},
    load: async () => (await import('#cli/run-command.ts')).run,
  },
  {
    name: 'enroll',
    alias: 'join',
    summary: 'Make this host a node, by a join token of the console',
    usage: '<token>',
    options: {
      'token-file': {
        type: 'string',
        value: 'FILE',
        help: 'Read the token from a file (keeps it out of the process list)',
      },
      'dry-run': {
        type: 'boolean',
        help: 'Ask the hub who it is, show it, and stop before the token is used',
      },
      force: { type: 'boolean', help: 'Replace an identity that is there; the old one is kept beside it' },
      yes: { type: 'boolean', short: 'y', help: 'Do not ask' },
    },
    load: async () => (await import('#cli/enroll-command.ts')).enroll,
  },
  {
    name: 'status',
    summary: 'Show what the running agent sees: itself, the hub, the chain',
    usage: '',
    options: {},
    load: async () => (await import('#cli/status-command.ts')).status,
  },
  {
    name: 'doctor',
    summary: 'Check this host and the ways to hub and chain; each finding comes with its fix',
    usage: '',
    options: {
      hub: { type: 'string', value: 'URL', help: 'Check the way to this hub, before enrolling' },
      report: { type: 'string', value: 'FILE', help: 'Write the findings as JSON to FILE besides' },
    },
    load: async () => (await import('#cli/doctor-command.ts')).doctor,
  },
  {
    name: 'metrics',
    summary: 'Print the metrics of the running agent, in the text format of Prometheus',
    usage: '',
    options: {},
    load: async () => (await import('#cli/metrics-command.ts')).metrics,
  },
  {
    name: 'jobs',
    summary: 'Show what work this node takes, what runs, and what came of the last jobs',
    usage: '',
    options: {},
    load: async () => (await import('#cli/jobs-command.ts')).jobs,
  },
  {
    name: 'earnings',
    summary: 'Show what this node earned and why not more, and recompute it from what is kept here',
    usage: '[today | why DAY | verify DAY]',
    options: {
      with: {
        type: 'string',
        value: 'FILE',
        help: 'With verify: besides, the documents of an evidence file that the console gave',
      },
      export: {
        type: 'string',
        value: 'FILE',
        help: 'With verify: write the day as an evidence file, which a browser verifies as well',
      },
    },
    exits:
      '0 told, or match   1 differs from what the region settled   2 wrong usage, or can’t tell   3 partly: not all is here',
    load: async () => (await import('#cli/earnings-command.ts')).earnings,
  },
  {
    name: 'policy',
    summary: 'Show or edit what a hub may have done on this host; editing takes root',
    usage: 'show|edit',
    options: {
      from: { type: 'string', value: 'FILE', help: 'With edit: take this file instead of opening an editor' },
    },
    load: async () => (await import('#cli/policy-command.ts')).policy,
  },
  {
    name: 'pause',
    summary: 'Take no more work until resume; what runs goes on to its end',
    usage: '',
    options: {},
    load: async () => (await import('#cli/pause-command.ts')).pause,
  },
  {
    name: 'resume',
    summary: 'Take work again',
    usage: '',
    options: {},
    load: async () => (await import('#cli/pause-command.ts')).resume,
  },
  {
    name: 'maintenance',
    summary: 'Take no work for so long: 90m, 2h, 1d; off ends it',
    usage: '<duration>|off',
    options: {},
    load: async () => (await import('#cli/pause-command.ts')).maintenance,
  },
  {
    name: 'logs',
    summary: 'Print the last lines of the running agent’s log',
    usage: '',
    options: { follow: { type: 'boolean', short: 'f', help: 'Go on with the lines that come' } },
    load: async () => (await import('#cli/logs-command.ts')).logs,
  },
  {
    name: 'top',
    summary: 'Watch status and work, drawn anew every two seconds',
    usage: '',
    options: { once: { type: 'boolean', help: 'Draw it once' } },
    load: async () => (await import('#cli/top-command.ts')).top,
  },
  {
    name: 'update',
    summary: 'Show which version runs and why; update, go back, or say when updates may come',
    usage: '',
    options: {
      check: { type: 'boolean', help: 'Ask now what releases are signed' },
      now: { type: 'boolean', help: 'Take the update that waits, or else the newest release, at once' },
      rollback: { type: 'boolean', help: 'Go back to the version before this one' },
      pin: {
        type: 'string',
        value: 'VERSION',
        help: 'Stay on this version; only a security floor overrides it',
      },
      unpin: { type: 'boolean', help: 'Take what is rolled out again' },
      defer: { type: 'string', value: '3d', help: 'No update for so long, up to 14d; off ends it' },
      window: {
        type: 'string',
        value: '02:00-05:00',
        help: 'Updates begin at these hours only, UTC; off for any',
      },
      channel: {
        type: 'string',
        value: 'stable|early',
        help: 'early: be among the first that a release reaches',
      },
    },
    load: async () => (await import('#cli/update-command.ts')).update,
  },
  {
    name: 'rotate-key',
    summary: 'Give this node a new key; the old one stays valid for 72 hours',
    usage: '',
    options: { yes: { type: 'boolean', short: 'y', help: 'Do not ask' } },
    load: async () => (await import('#cli/rotate-key-command.ts')).rotateKey,
  },
  {
    name: 'support-bundle',
    summary: 'Write what a helper needs to know into one file, without secrets, and list it',
    usage: '',
    options: {
      output: {
        type: 'string',
        short: 'o',
        value: 'FILE',
        help: 'Where to (default: stoa-support-<time>.json, here)',
      },
    },
    load: async () => (await import('#cli/support-bundle-command.ts')).supportBundle,
  },
  {
    name: 'uninstall',
    summary: 'Take the agent away from this host; identity, logs and policy stay',
    usage: '',
    options: {
      'dry-run': { type: 'boolean', help: 'Say what would be done, change nothing' },
      purge: { type: 'boolean', help: 'Identity, logs, settings and policy too' },
      yes: { type: 'boolean', short: 'y', help: 'Do not ask' },
    },
    load: async () => (await import('#cli/uninstall-command.ts')).uninstall,
  },
];

export function findCommand(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name || command.alias === name);
}
