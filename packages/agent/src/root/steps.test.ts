import {
  formatParams,
  KIND_NAMES,
  type KindName,
  kindOf,
  type ParamValues,
  parseParams,
} from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import type { StepFacts } from '#root/act.ts';
import { planOf } from '#root/container.ts';
import { CGROUP, INSPECTED } from '#root/fixtures/docker.ts';
import type { NodeSite } from '#root/node-site.ts';
import { makeJob, makeRootWorld, NODE } from '#root/root.fixture.ts';
import { containerSite } from '#root/site.ts';
import { isStepName, STEPS, type StepName, stepLimit } from '#root/steps.ts';
import { unitText } from '#root/unit-file.ts';

const IMAGE = `registry.example/chainweb@sha256:${'ab'.repeat(32)}`;
const SHA256 = 'cd'.repeat(32);
const RAW = ['/chainweb-node', '--service-port', '1848', '--database-directory', '/data/db'];
const docker = containerSite(INSPECTED.output, RAW);
const systemd: NodeSite = {
  supervisor: 'systemd',
  name: 'chainweb.service',
  program: '/opt/chainweb/chainweb-node',
  argv: ['--database-directory', '/srv/chain/db', '--memo', '100% "of" $HOME'],
  database: '/srv/chain/db',
  backups: '/srv/chain/backups',
  certificate: '',
  certificateKey: '',
};
const compose: NodeSite = {
  ...docker,
  supervisor: 'compose',
  name: 'stoa-node-1',
  compose: { project: 'stoa', service: 'node', directory: '/srv/stoa', files: ['/srv/stoa/compose.yaml'] },
};

type Case = readonly [
  step: StepName,
  kind: KindName,
  site: NodeSite | undefined,
  params: ParamValues,
  before?: NodeSite,
];

function argvOf(...[step, kind, site, given, before]: Case): string[] {
  const params = parseParams(kindOf(kind).parameters, formatParams(kindOf(kind).parameters, given));
  const facts: StepFacts = {
    job: { nodeId: NODE, jobId: new Uint8Array(16) } as StepFacts['job'],
    kind,
    params,
    args: {},
    site,
    before: before && { ...before, aside: true },
    marks: [],
    paths: {
      chain: '/var/lib/stoachain',
      programs: '/opt/stoachain/programs',
      units: '/etc/systemd/system',
      workshop: '/var/lib/stoa-agent-root/workshop',
    },
  };
  return STEPS[step]
    .acts(facts)
    .map(
      ({ argv, mayFail, stdin }) =>
        `${argv.join(' ')}${mayFail ? ' ?' : ''}${stdin === undefined ? '' : ` <${stdin}`}`,
    );
}

describe('the table of steps', () => {
  it('is for kinds that say they need root, and each of those has steps', () => {
    const withSteps = KIND_NAMES.filter((kind) =>
      Object.keys(STEPS).some((step) => isStepName(step) && STEPS[step].kinds[kind] !== undefined),
    );
    expect(withSteps.toSorted()).toEqual(KIND_NAMES.filter((kind) => kindOf(kind).root).toSorted());
  });

  it('lets an action be what was ordered', () => {
    expect(stepLimit('stoachain-control', 'node-stop', { action: 'stop' })).toBe(2);
    expect(stepLimit('stoachain-control', 'node-start', { action: 'stop' })).toBeUndefined();
    expect(stepLimit('apt-upgrade', 'apt-upgrade', { securityOnly: true })).toBeUndefined();
    expect(stepLimit('stoachain-upgrade', 'image-pull', { image: '', sha256: SHA256 })).toBeUndefined();
  });
});

describe('a node under Docker', () => {
  it('is read from what the engine says of it', () => {
    const facts = planOf(INSPECTED.output);
    expect(docker).toMatchObject({
      supervisor: 'docker',
      name: 'stoachain',
      program: 'stand-in:1',
      database: '/srv/stoachain/db',
    });
    expect(facts.plan.flags.flat().join(' ')).toBe(
      '--network host --restart unless-stopped --ulimit nofile=1024:2048 --publish 1789:1789/tcp --env A=b --volume /srv/stoachain:/data',
    );
    expect(facts.hostPath('/elsewhere')).toBe('');
    const privileged = INSPECTED.output.replace('"Privileged": false', '"Privileged": true');
    expect(() => planOf(privileged)).toThrow(/privileged/);
  });

  it('is found by its process, its container by the engine', async () => {
    const world = await makeRootWorld(async (_act, io) => {
      await io.onBytes?.(new TextEncoder().encode(INSPECTED.output));
      return { exitCode: 0 };
    });
    world.proc.addProcess(4242, { comm: 'chainweb-node', argv: RAW, cgroup: CGROUP.output });
    const job = world.steps(makeJob({ kind: 'stoachain-control', params: { action: 'stop' } }));
    await job.run('node-stop', { signal: new AbortController().signal });
    expect(world.ran.map(({ argv }) => argv.join(' '))).toEqual([
      `docker inspect --type container -- ${/[0-9a-f]{64}/.exec(CGROUP.output)?.[0]}`,
      `docker inspect --type image -- ${INSPECTED.output.match(/sha256:[0-9a-f]{64}/)?.[0]}`,
      'docker stop --time 120 -- stoachain',
    ]);
  });

  it('is upgraded beside its former container, and can go back', () => {
    expect(argvOf('image-pull', 'stoachain-upgrade', docker, { image: IMAGE })).toEqual([
      `docker pull --quiet -- ${IMAGE}`,
    ]);
    expect(argvOf('node-aside', 'stoachain-upgrade', docker, { image: IMAGE })).toEqual([
      'docker stop --time 120 -- stoachain ?',
      'docker rename stoachain stoachain-before ?',
      'docker inspect --format {{.Id}} -- stoachain-before',
    ]);
    expect(argvOf('node-create', 'stoachain-upgrade', docker, { image: IMAGE }, docker)).toEqual([
      'docker rm --force -- stoachain ?',
      `docker create --name stoachain --network host --restart unless-stopped --ulimit nofile=1024:2048 --publish 1789:1789/tcp --env A=b --volume /srv/stoachain:/data -- ${IMAGE} /chainweb-node --service-port 1848 --database-directory /data/db`,
    ]);
    expect(argvOf('node-back', 'stoachain-upgrade', docker, { image: IMAGE }, docker)).toEqual([
      'docker inspect --format {{.Id}} -- stoachain-before',
      'docker rm --force -- stoachain ?',
      'docker rename stoachain-before stoachain',
      'docker start -- stoachain',
    ]);
    expect(argvOf('node-forget', 'stoachain-upgrade', docker, { image: IMAGE }, docker)).toEqual([
      'docker rm -- stoachain-before',
    ]);
  });
});

describe('what a container would lose', () => {
  const [engine] = JSON.parse(INSPECTED.output) as [Record<string, Record<string, unknown>>];
  const with_ = (host: object, config: object = {}, more: object = {}) =>
    JSON.stringify([
      {
        ...engine,
        ...more,
        HostConfig: { ...engine['HostConfig'], ...host },
        Config: { ...engine['Config'], ...config },
      },
    ]);
  const image = JSON.stringify([
    { Config: { Env: ['PATH=/bin', 'LANG=C'], WorkingDir: '/', Entrypoint: ['/entry'], Labels: { a: '1' } } },
  ]);
  const aside = (answer: string) =>
    argvOf('node-aside', 'stoachain-upgrade', containerSite(answer, RAW, image), { image: IMAGE });

  it.each<[string, string, string]>([
    ['a device', with_({ Devices: [{ PathOnHost: '/dev/sda' }] }), 'Devices'],
    ['a setting that nobody has heard of', with_({ Quota: { of: 3 } }), 'Quota'],
    ['that it goes when it stops', with_({ AutoRemove: true }), 'AutoRemove'],
    ['a health check of its own', with_({}, { Healthcheck: { Test: ['CMD', 'x'] } }), 'Healthcheck'],
    [
      'a second network',
      with_({}, {}, { NetworkSettings: { Networks: { host: {}, backup: {} } } }),
      'network backup',
    ],
  ])('is told instead of being lost: %s', (_what, answer, lost) => {
    expect(() => aside(answer)).toThrow(expect.objectContaining({ code: 'root_not_kept' }));
    expect(() => aside(answer)).toThrow(`would lose ${lost}`);
  });

  it('is nothing where flags say it, and what the image brings is left to the next one', () => {
    const answer = with_(
      {
        CapAdd: ['NET_ADMIN'],
        ReadonlyRootfs: true,
        SecurityOpt: ['no-new-privileges'],
        ShmSize: 67_108_864,
        LogConfig: { Type: 'local', Config: { 'max-size': '10m' } },
        ExtraHosts: ['a:10.0.0.1'],
        MaskedPaths: ['/proc/kcore'],
        MemorySwappiness: -1,
      },
      {
        Env: ['PATH=/bin', 'LANG=C', 'A=b'],
        WorkingDir: '/',
        Entrypoint: ['/entry'],
        Labels: { a: '1', b: '2', 'com.docker.compose.version': '2' },
      },
    );
    expect(containerSite(answer, RAW, image).container?.flags.flat().join(' ')).toBe(
      '--network host --restart unless-stopped --ulimit nofile=1024:2048 --shm-size 67108864 --cap-add NET_ADMIN --security-opt no-new-privileges --read-only --add-host a:10.0.0.1 --log-driver local --log-opt max-size=10m --publish 1789:1789/tcp --label b=2 --env A=b --volume /srv/stoachain:/data',
    );
    expect(aside(answer)).toHaveLength(3);
    const own = containerSite(with_({}, { Entrypoint: ['/own', '-x'] }), RAW, image).container;
    expect(own?.flags.flat().join(' ')).toContain('--entrypoint /own');
    expect(own?.command.slice(0, 2)).toEqual(['-x', '/chainweb-node']);
  });

  it('is what a unit or a service cannot be told', () => {
    const convert = (to: string, params: ParamValues) =>
      argvOf('node-aside', 'stoachain-convert-supervision', docker, { to, ...params });
    expect(() => convert('systemd', { url: 'https://e.org/c', sha256: SHA256 })).toThrow(
      'would lose --env A=b',
    );
    const bridged = containerSite(
      with_({ NetworkMode: 'bridge' }, { Env: [] }, { NetworkSettings: { Networks: { bridge: {} } } }),
      RAW,
    );
    const params = { to: 'systemd', url: 'https://e.org/c', sha256: SHA256 };
    expect(() => argvOf('node-aside', 'stoachain-convert-supervision', bridged, params)).toThrow(
      'would lose --network bridge:',
    );
    const patient = (seconds: number) =>
      argvOf(
        'node-aside',
        'stoachain-convert-supervision',
        containerSite(with_({}, { Env: [], StopTimeout: seconds }), RAW),
        params,
      );
    // As a service has it that a job has made.
    expect(patient(120)).toHaveLength(3);
    expect(() => patient(121)).toThrow('would lose --stop-timeout 121');
    expect(convert('compose', { image: IMAGE })).toHaveLength(3);
    const [, file] = argvOf(
      'node-create',
      'stoachain-convert-supervision',
      docker,
      { to: 'compose', image: IMAGE },
      docker,
    );
    expect(JSON.parse(/<(.*)/s.exec(file ?? '')?.[1] ?? '')).toMatchObject({
      services: { node: { environment: ['A=b'], ulimits: { nofile: { soft: 1024, hard: 2048 } } } },
    });
    const logged = containerSite(
      INSPECTED.output.replace(
        '"NetworkMode"',
        '"LogConfig":{"Type":"local","Config":{"a":"b"}},"NetworkMode"',
      ),
      RAW,
      image,
    );
    expect(() =>
      argvOf('node-aside', 'stoachain-convert-supervision', logged, { to: 'compose', image: IMAGE }),
    ).toThrow('would lose --log-opt a=b');
  });
});

describe('a node under Compose', () => {
  it('is controlled as its service, and upgraded by one file more', () => {
    const base =
      'docker compose --project-name stoa --project-directory /srv/stoa --file /srv/stoa/compose.yaml';
    expect(argvOf('node-stop', 'benchmark-node', compose, {})).toEqual([
      `${base} stop --timeout 120 -- node`,
    ]);
    const [, file, up] = argvOf('node-create', 'stoachain-upgrade', compose, { image: IMAGE }, compose);
    expect(file).toContain(`"image": "${IMAGE}"`);
    expect(up).toBe(
      `${base} --file /var/lib/stoachain/compose.image.yaml up --no-start --no-deps --pull never -- node`,
    );
    expect(argvOf('node-back', 'stoachain-upgrade', compose, { image: IMAGE }, compose)).toEqual([
      `${base} up --detach --no-deps --pull never -- node`,
    ]);
  });
});

describe('a node under systemd', () => {
  it('keeps its arguments, whatever is in them', () => {
    const params = { url: 'https://example.org/c.tgz', sha256: SHA256 };
    const written = argvOf('node-create', 'stoachain-upgrade', systemd, params, systemd)[1];
    expect(written).toContain(
      `ExecStart=\nExecStart="/opt/stoachain/programs/${SHA256}/chainweb-node" "--database-directory" "/srv/chain/db" "--memo" "100%% \\"of\\" $$HOME"`,
    );
  });

  it('becomes a container only with an image, and a container a unit only with a program', () => {
    expect(() =>
      argvOf('node-create', 'stoachain-convert-supervision', systemd, { to: 'docker' }, systemd),
    ).toThrow(/image is needed/);
    expect(() =>
      argvOf('node-create', 'stoachain-convert-supervision', docker, { to: 'systemd' }, docker),
    ).toThrow(/url and sha256/);
    expect(() =>
      argvOf('node-create', 'stoachain-convert-supervision', docker, { to: 'docker' }, docker),
    ).toThrow(/already/);
    const params = { to: 'systemd', url: 'https://example.org/c.tgz', sha256: SHA256 };
    const unit = argvOf('node-create', 'stoachain-convert-supervision', docker, params, docker).find((line) =>
      line.startsWith('dd '),
    );
    expect(unit).toContain('"--database-directory" "/srv/stoachain/db"');
    const created = argvOf(
      'node-create',
      'stoachain-convert-supervision',
      systemd,
      { to: 'docker', image: IMAGE },
      systemd,
    ).at(-1);
    expect(created).toContain('--volume /srv/chain/db:/srv/chain/db');
    expect(created).toContain(`-- ${IMAGE} --database-directory /srv/chain/db`);
  });

  it('is installed with the canonical arguments', () => {
    const params = {
      supervisor: 'systemd',
      hostname: 'node.example.org',
      sha256: SHA256,
      url: 'https://example.org/c.tgz',
    };
    const lines = argvOf('node-create', 'stoachain-install', undefined, params);
    expect(lines.find((line) => line.includes('ExecStart'))).toMatch(
      /"--p2p-hostname" "node.example.org".*"--enable-backup-api"/,
    );
    expect(unitText(systemd, 'stoachain')).toContain('User=stoachain');
    expect(() =>
      argvOf('node-create', 'stoachain-install', undefined, { ...params, supervisor: 'docker' }),
    ).toThrow(/image is needed/);
  });
});

describe('a seed', () => {
  it('of a backup is compressed, tested and only then put in place; its former stays until then', () => {
    expect(argvOf('seed-from-backup', 'seed-promote', undefined, { sha256: SHA256 })).toEqual([
      'mkdir --parents --mode=755 -- /var/lib/stoachain/seeds',
      'zstd -T0 -3 --quiet --force -o /var/lib/stoachain/seeds/seed.tar.zst.new',
      'zstd --test --quiet /var/lib/stoachain/seeds/seed.tar.zst.new',
      'chmod 644 -- /var/lib/stoachain/seeds/seed.tar.zst.new',
      'sha256sum -- /var/lib/stoachain/seeds/seed.tar.zst.new',
      'mv --no-target-directory -- /var/lib/stoachain/seeds/seed.tar.zst.new /var/lib/stoachain/seeds/seed.tar.zst',
    ]);
  });
});

describe('paths', () => {
  it.each(['/', '/db', '/srv/../etc', '/srv/chain/db; id', ''])(
    'refuses to touch %j as a database',
    (database) => {
      expect(() =>
        argvOf(
          'database-discard',
          'stoachain-reseed',
          { ...systemd, database },
          { url: 'https://e.org/s', sha256: SHA256 },
        ),
      ).toThrow(/no database path/);
    },
  );
});
