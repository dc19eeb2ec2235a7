import type { ParamValues } from '@stoa/protocol';
import type { Act, Step } from '#root/act.ts';
import { siteOf } from '#root/argument.ts';
import type { NodeSite } from '#root/node-site.ts';
import type { Argv } from '#work/commands.ts';

/** Chainweb closes its database on TERM, which takes minutes on a slow drive. */
const STOP_SECONDS = '120';

type Action = 'start' | 'stop' | 'restart';

export function controlActs(site: NodeSite, action: Action): Act[] {
  const act = { argv: controlArgv(site, action) };
  if (site.supervisor !== 'systemd' || action === 'stop') return [act];
  // systemd refuses to start what failed too often a moment ago, such as a node that could not work with what a job gave it.
  const anew: Act = { argv: ['systemctl', 'reset-failed', '--', site.name], mayFail: true };
  return [{ ...act, otherwise: [anew, act] }];
}

function controlArgv(site: NodeSite, action: Action): Argv {
  const wait = action === 'start' ? [] : ['--timeout', STOP_SECONDS];
  if (site.compose !== undefined) return [...composeArgv(site), action, ...wait, '--', site.compose.service];
  if (site.supervisor === 'systemd') return ['systemctl', action, '--', site.name];
  return ['docker', action, ...wait.map((word) => (word === '--timeout' ? '--time' : word)), '--', site.name];
}

export function composeArgv({ compose }: NodeSite): Argv {
  const { project = '', directory = '/', files = [] } = compose ?? {};
  const named = files.flatMap((file) => ['--file', file]);
  return ['docker', 'compose', '--project-name', project, '--project-directory', directory, ...named];
}

const CONTROLLED = {
  'stoachain-cert-rotate': 4,
  'peer-trust-reset': 4,
  'benchmark-node': 4,
  'stoachain-reseed': 4,
  'backup-restore': 4,
  'stoachain-upgrade': 4,
  'stoachain-convert-supervision': 4,
  'stoachain-install': 4,
} as const;

const only = (action: Action) => (params: ParamValues) => (params['action'] === action ? 2 : 0);

const control = (action: Action): Step => ({
  kinds: { ...CONTROLLED, 'stoachain-control': only(action) },
  needsSite: true,
  whole: true,
  acts: (facts) => controlActs(siteOf(facts), action),
});

export type ControlStep = 'node-start' | 'node-stop' | 'node-restart' | 'node-site';

export const CONTROL_STEPS: Readonly<Record<ControlStep, Step>> = {
  'node-start': control('start'),
  'node-stop': control('stop'),
  'node-restart': control('restart'),
  /** What the node is, for the agent's plan and report; JSON on standard output. */
  'node-site': {
    kinds: {
      ...CONTROLLED,
      'stoachain-control': 4,
      'backup-stoachain': 4,
      'seed-refresh': 4,
      'stoachain-certbot-obtain': 4,
    },
    needsSite: true,
    acts: (facts) => [{ argv: ['cat'], stdin: `${JSON.stringify(summaryOf(siteOf(facts)))}\n` }],
  },
};

export interface SiteSummary
  extends Pick<NodeSite, 'supervisor' | 'name' | 'program' | 'database' | 'backups'> {
  /** Whether its certificate is a file that a job can renew. */
  readonly certificateFile: boolean;
}

function summaryOf({ supervisor, name, program, database, backups, certificate }: NodeSite): SiteSummary {
  return { supervisor, name, program, database, backups, certificateFile: certificate !== '' };
}
