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
];

export function findCommand(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name || command.alias === name);
}
