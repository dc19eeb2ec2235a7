import type { ParamValues } from '@stoa/protocol';
import type { Act, Step, StepFacts } from '#root/act.ts';
import { beforeOf, siteOf } from '#root/argument.ts';
import { nextSite, requireKept } from '#root/deployment.ts';
import type { NodeSite } from '#root/node-site.ts';
import { RefusalError } from '#root/refusal.ts';
import { serviceOf } from '#root/service-text.ts';
import { composeArgv, controlActs } from '#root/steps/control.ts';
import { dropInText, unitText } from '#root/unit-file.ts';

const USER = 'stoachain';
const CHANGED = { 'stoachain-upgrade': 3, 'stoachain-convert-supervision': 3 } as const;
const MADE = { ...CHANGED, 'stoachain-install': 3 } as const;

const write = (path: string, text: string): Act => ({
  argv: ['dd', 'status=none', `of=${path}`],
  stdin: text,
});
const reload: Act = { argv: ['systemctl', 'daemon-reload'] };
const former = (name: string): string => `${name}-before`;
const dropIn = ({ paths }: StepFacts, name: string): string => `${paths.units}/${name}.d/50-stoa-hub`;
const sameSupervisor = (facts: StepFacts): boolean =>
  nextSite(facts).supervisor === beforeOf(facts).supervisor;

function setAside(site: NodeSite, facts: StepFacts): Act[] {
  if (site.compose !== undefined) return [...controlActs(site, 'stop')];
  if (site.supervisor === 'docker')
    return [
      ...controlActs(site, 'stop').map((act) => ({ ...act, mayFail: true })),
      // Fails where an earlier attempt has renamed it; then what bears the name by now is that attempt's.
      { argv: ['docker', 'rename', site.name, former(site.name)], mayFail: true },
      { argv: ['docker', 'inspect', '--format', '{{.Id}}', '--', former(site.name)] },
    ];
  const file = dropIn(facts, site.name);
  // Set aside by an attempt that was cut off: what lies in its place by now is not the former one.
  if (facts.before?.aside) return controlActs(site, 'stop');
  return [
    ...controlActs(site, 'stop'),
    { argv: ['rm', '--force', '--', `${file}.before`] },
    { argv: ['cp', '--archive', '--', `${file}.conf`, `${file}.before`], mayFail: true },
    ...(facts.kind === 'stoachain-upgrade'
      ? []
      : [{ argv: ['systemctl', 'disable', '--', site.name] } satisfies Act]),
  ];
}

function create(facts: StepFacts): Act[] {
  if (facts.kind !== 'stoachain-install' && !beforeOf(facts).aside)
    throw new RefusalError('root_no_node', 'the former node was not set aside: it would be lost');
  const site = nextSite(facts);
  if (site.supervisor === 'systemd') return createUnit(site, facts);
  const directories = facts.kind === 'stoachain-install' ? chainDirectories(facts) : [];
  if (site.compose !== undefined) return [...directories, ...createService(site, facts)];
  const { flags = [], command = [] } = site.container ?? {};
  return [
    ...directories,
    { argv: ['docker', 'rm', '--force', '--', site.name], mayFail: true },
    { argv: ['docker', 'create', '--name', site.name, ...flags.flat(), '--', site.program, ...command] },
  ];
}

function chainDirectories({ paths }: StepFacts): Act[] {
  return [{ argv: ['mkdir', '--parents', '--', `${paths.chain}/database`, `${paths.chain}/backups`] }];
}

function createUnit(site: NodeSite, facts: StepFacts): Act[] {
  const { paths, kind } = facts;
  if (kind === 'stoachain-upgrade')
    return [
      { argv: ['mkdir', '--parents', '--', `${paths.units}/${site.name}.d`] },
      write(`${dropIn(facts, site.name)}.conf`, dropInText(site)),
      reload,
    ];
  const owned = [site.database, site.backups].filter((path) => path !== '');
  return [
    {
      argv: [
        'useradd',
        '--system',
        '--user-group',
        '--no-create-home',
        '--shell',
        '/usr/sbin/nologin',
        '--',
        USER,
      ],
      mayFail: true,
    },
    ...(kind === 'stoachain-install' ? chainDirectories(facts) : []),
    { argv: ['chown', '--recursive', `${USER}:${USER}`, '--', ...owned] },
    write(`${paths.units}/${site.name}`, unitText(site, USER)),
    reload,
    { argv: ['systemctl', 'enable', '--', site.name] },
  ];
}

/** JSON is YAML too. An existing project keeps its files; the one service gets its image from one more. */
function createService(site: NodeSite, facts: StepFacts): Act[] {
  const { service = '', files = [] } = site.compose ?? {};
  const own = facts.kind !== 'stoachain-upgrade';
  const file = own ? (files[0] ?? '') : overrideFile(facts);
  const text = JSON.stringify(
    { services: { [service]: own ? serviceOf(site) : { image: site.program } } },
    null,
    2,
  );
  const argv = composeArgv(own ? site : withOverride(site, facts));
  return [
    { argv: ['mkdir', '--parents', '--', facts.paths.chain] },
    write(file, `${text}\n`),
    { argv: [...argv, 'up', '--no-start', '--no-deps', '--pull', 'never', '--', service] },
  ];
}

const overrideFile = ({ paths }: StepFacts): string => `${paths.chain}/compose.image.yaml`;

function withOverride(site: NodeSite, facts: StepFacts): NodeSite {
  const { compose } = site;
  if (compose === undefined) return site;
  const files = [...compose.files.filter((file) => file !== overrideFile(facts)), overrideFile(facts)];
  return { ...site, compose: { ...compose, files } };
}

function back(facts: StepFacts): Act[] {
  const before = beforeOf(facts);
  const undone = sameSupervisor(facts) ? [] : removeNew(nextSite(facts), facts);
  if (before.compose !== undefined)
    return [
      ...undone,
      {
        argv: [
          ...composeArgv(before),
          'up',
          '--detach',
          '--no-deps',
          '--pull',
          'never',
          '--',
          before.compose.service,
        ],
      },
    ];
  if (before.supervisor === 'docker')
    return [
      ...undone,
      {
        argv: ['docker', 'inspect', '--format', '{{.Id}}', '--', former(before.name)],
        // Cut off before it was renamed: it still has its name.
        otherwise: controlActs(before, 'start'),
      },
      { argv: ['docker', 'rm', '--force', '--', before.name], mayFail: true },
      { argv: ['docker', 'rename', former(before.name), before.name] },
      ...controlActs(before, 'start'),
    ];
  const file = dropIn(facts, before.name);
  // Cut off before it was all set aside: nothing has changed, and what was to be kept may not be.
  const enabled: Act[] =
    facts.kind === 'stoachain-upgrade'
      ? []
      : [{ argv: ['systemctl', 'enable', '--', before.name], mayFail: true }];
  if (!before.aside) return [...enabled, ...controlActs(before, 'start')];
  return [
    ...undone,
    { argv: ['rm', '--force', '--', `${file}.conf`] },
    { argv: ['mv', '--', `${file}.before`, `${file}.conf`], mayFail: true },
    reload,
    ...enabled,
    ...controlActs(before, 'restart'),
  ];
}

function removeNew(site: NodeSite, { paths }: StepFacts): Act[] {
  if (site.compose !== undefined) return [{ argv: [...composeArgv(site), 'down'], mayFail: true }];
  if (site.supervisor === 'docker')
    return [{ argv: ['docker', 'rm', '--force', '--', site.name], mayFail: true }];
  return [
    { argv: ['systemctl', 'disable', '--now', '--', site.name], mayFail: true },
    { argv: ['rm', '--force', '--', `${paths.units}/${site.name}`] },
    reload,
  ];
}

function forget(facts: StepFacts): Act[] {
  const before = beforeOf(facts);
  if (before.supervisor === 'docker') return [{ argv: ['docker', 'rm', '--', former(before.name)] }];
  if (before.supervisor === 'systemd')
    return [{ argv: ['rm', '--force', '--', `${dropIn(facts, before.name)}.before`] }];
  return sameSupervisor(facts)
    ? []
    : [{ argv: [...composeArgv(before), 'rm', '--force', '--', before.compose?.service ?? ''] }];
}

/** As the node is once it was created; an upgraded service is found by all its files. */
const created = (facts: StepFacts): NodeSite => {
  const site = nextSite(facts);
  return facts.kind === 'stoachain-upgrade' && site.compose !== undefined ? withOverride(site, facts) : site;
};

const given = (name: 'image' | 'sha256') => (params: ParamValues) => (params[name] ? 3 : 0);
const programs = (name: 'image' | 'sha256') =>
  ({
    'stoachain-install': given(name),
    'stoachain-upgrade': given(name),
    'stoachain-convert-supervision': given(name),
  }) as const;

export type DeployStep =
  | 'image-pull'
  | 'program-unpack'
  | 'node-aside'
  | 'node-create'
  | 'node-back'
  | 'node-forget';

export const DEPLOY_STEPS: Readonly<Record<DeployStep, Step>> = {
  'image-pull': {
    kinds: programs('image'),
    // The engine fetches it, and takes nothing that its digest doesn't name.
    acts: ({ params }) => [{ argv: ['docker', 'pull', '--quiet', '--', String(params['image'])] }],
  },
  'program-unpack': {
    kinds: programs('sha256'),
    input: ({ params }) => ({ sha256: String(params['sha256']) }),
    acts: ({ params, paths }) => {
      const place = `${paths.programs}/${String(params['sha256'])}`;
      return [
        { argv: ['rm', '--recursive', '--force', '--', `${place}.new`] },
        { argv: ['mkdir', '--parents', '--mode=755', '--', `${place}.new`] },
        // All files in one directory, whatever folders the archive has: nothing of it can lie elsewhere.
        {
          argv: [
            'tar',
            '--extract',
            '--no-same-owner',
            '--no-same-permissions',
            '--transform=s,^.*/,,',
            '--directory',
            `${place}.new`,
          ],
          input: true,
        },
        { argv: ['test', '-x', `${place}.new/chainweb-node`] },
        { argv: ['rm', '--recursive', '--force', '--', place] },
        { argv: ['mv', '--no-target-directory', '--', `${place}.new`, place] },
      ];
    },
  },
  'node-aside': {
    kinds: CHANGED,
    needsSite: true,
    whole: true,
    acts: (facts) => {
      const site = facts.before ?? siteOf(facts);
      requireKept(site, facts);
      return setAside(site, facts);
    },
    intent: (facts) => ({ before: facts.before ?? { ...siteOf(facts), aside: false } }),
    effect: (facts) => ({ before: { ...(facts.before ?? siteOf(facts)), aside: true } }),
  },
  'node-create': {
    kinds: MADE,
    whole: true,
    touches: ['database', 'backups'],
    acts: create,
    effect: (facts) => ({ site: created(facts) }),
  },
  'node-back': {
    kinds: CHANGED,
    whole: true,
    acts: back,
    effect: (facts) => {
      const { aside: _over, ...site } = beforeOf(facts);
      return { site, before: 'none' };
    },
  },
  'node-forget': { kinds: CHANGED, acts: forget, effect: () => ({ before: 'none' }) },
};
