/** The agent's updates under systemd: units as install.sh writes them, the program root's, the agent another user. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeReleaseParties, makeTarget } from '@stoa/protocol/fixtures';
import type { TargetCustom } from '@stoa/protocol/release';
import { describe, expect, it } from 'vitest';
import { bundleText, payloadOf } from '../kit/agent-bundles.ts';
import { SystemdHost } from '../kit/systemd-host.ts';
import { until } from '../kit/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL = join(ROOT, 'packages/hub/src/joining/static/install.sh');
const PREFIX = '/opt/stoa-agent';
const PLATFORM = `${process.platform}-${process.arch}` as 'linux-x64';
const parties = makeReleaseParties('updates on a host');

/** What the agent's process does, by its own code: one call over the socket of the privileged unit. */
const CLIENT = `
  import { readFileSync } from 'node:fs';
  import { createRootInstaller } from './packages/agent/src/launcher/root-installer.ts';
  const [verb, ...args] = process.argv.slice(2);
  const installer = createRootInstaller({}, '/run/stoa-agent-root.sock');
  const act = () => {
    if (verb !== 'stage') return installer[verb](...args);
    const [path, targets, file] = args;
    return installer.stage({ roots: [], path, targets: readFileSync(targets), file });
  };
  act().then(
    (result) => process.stdout.write(JSON.stringify(result ?? null)),
    (error) => process.stdout.write(JSON.stringify({ code: error.code, message: error.message })),
  );
`;

/** A unit of install.sh's, word by word. */
function unit(name: 'unit_text' | 'root_socket_text' | 'root_unit_text'): string {
  const [text = ''] =
    new RegExp(`^${name}\\(\\) \\{\\n[^]*?^\\}\\n`, 'm').exec(readFileSync(INSTALL, 'utf8')) ?? [];
  const settings = `HUB=https://hub PREFIX=${PREFIX} DATA=/var/lib/stoa-agent SERVICE_USER=stoa`;
  return execFileSync('sh', ['-c', `${settings}\n${text}\n${name}`], { encoding: 'utf8' });
}

class UpdatedHost {
  readonly host: SystemdHost;
  readonly #launcher: string;

  private constructor(host: SystemdHost, launcher: string) {
    this.host = host;
    this.#launcher = launcher;
  }

  static async install(host: SystemdHost): Promise<UpdatedHost> {
    const launcher = Buffer.from(
      await bundleText("import './packages/agent/src/launcher/main.ts';"),
    ).toString();
    const updated = new UpdatedHost(host, launcher);
    const at = (path: string): string => host.path(path);
    await host.run('useradd', '--system', '--user-group', '--no-create-home', 'stoa');
    for (const directory of [PREFIX, '/srv/stoa', '/var/lib/stoa-agent', '/etc/stoa-agent'])
      mkdirSync(at(directory), { recursive: true });
    cpSync(process.execPath, at('/srv/stoa/node'));
    writeFileSync(at('/srv/stoa/client.cjs'), await bundleText(CLIENT));
    writeFileSync(at(`${PREFIX}/stoa-agent`), updated.runtime('old'));
    chmodSync(at(`${PREFIX}/stoa-agent`), 0o755);
    writeFileSync(at(`${PREFIX}/root.json`), parties.root());
    writeFileSync(at(`${PREFIX}/factory.cjs`), await payloadOf('0.1.0'));
    cpSync(join(ROOT, 'packages/agent/src/launcher/guard.sh'), at(`${PREFIX}/guard.sh`));
    await host.run('chown', 'stoa:', '/var/lib/stoa-agent');
    writeFileSync(at('/etc/systemd/system/stoa-agent.service'), unit('unit_text'));
    writeFileSync(at('/etc/systemd/system/stoa-agent-root.socket'), unit('root_socket_text'));
    writeFileSync(at('/etc/systemd/system/stoa-agent-root.service'), unit('root_unit_text'));
    await host.run('systemctl', 'daemon-reload');
    await host.run('systemctl', 'start', 'stoa-agent-root.socket');
    return updated;
  }

  /** The launcher as an executable; jitless, since the units let no memory be both written and run. */
  runtime(name: string): Uint8Array {
    return Buffer.from(`#!/srv/stoa/node --jitless\n// ${name}\n${this.#launcher}`);
  }

  runtimeName(): string {
    return /^\/\/ (.+)$/m.exec(readFileSync(this.host.path(`${PREFIX}/stoa-agent`), 'utf8'))?.[1] ?? '';
  }

  async ask(verb: string, ...args: string[]): Promise<unknown> {
    const argv = ['-u', 'stoa', '--', '/srv/stoa/node', '/srv/stoa/client.cjs', verb, ...args];
    return JSON.parse(await this.host.run('runuser', ...argv));
  }

  async stage(
    version: string,
    bytes: Uint8Array,
    {
      custom = {},
      keys,
    }: { custom?: Partial<TargetCustom>; keys?: Parameters<typeof parties.targets>[1] } = {},
  ): Promise<unknown> {
    const target = makeTarget(PLATFORM, version, { bytes, custom });
    const targets = parties.targets({ release: version, floor: '0.1.0', targets: [target] }, keys);
    writeFileSync(this.host.path('/srv/stoa/targets.json'), targets);
    writeFileSync(this.host.path('/srv/stoa/file'), bytes);
    return this.ask('stage', target.path, '/srv/stoa/targets.json', '/srv/stoa/file');
  }
}

describe.skipIf(process.getuid?.() !== 0)('updates', { tags: ['slow'], timeout: 300_000 }, () => {
  it('are put in place by the hardened unit, which then runs them itself, and F15 the guard takes a dead runtime back', async () => {
    await using host = await SystemdHost.boot();
    const node = await UpdatedHost.install(host);
    const at = (path: string): string => host.path(path);
    expect(await node.ask('state')).toMatchObject({ slots: [], rootVersion: 1 });

    const id = String(await node.stage('0.2.0', await payloadOf('0.2.0')));
    expect(id).toMatch(/^0\.2\.0-[0-9a-f]{12}$/);
    expect(await node.ask('select', id)).toBeNull();
    expect(await node.ask('keep', id)).toBeNull();
    expect(await node.ask('state')).toMatchObject({
      slots: [{ id }],
      floor: { newest: { payload: '0.2.0' } },
    });
    const payload = statSync(at(`${PREFIX}/slots/${id}/payload.cjs`));
    expect([payload.uid, payload.mode & 0o777]).toEqual([0, 0o644]);
    // The unit has ended after the change: what answers now is of the new payload, and has said that it serves.
    const journal = JSON.parse(readFileSync(at('/var/lib/stoa-agent-root/launcher/journal.json'), 'utf8'));
    expect(journal.records).toContainEqual(expect.objectContaining({ id, proven: true }));

    const thief = [parties.newKey(), parties.newKey()];
    expect(await node.stage('0.3.0', Buffer.from('evil'), { keys: thief })).toMatchObject({
      code: 'install_untrusted',
    });
    await expect(
      host.run('runuser', '-u', 'stoa', '--', 'touch', `${PREFIX}/selection.json`),
    ).rejects.toThrow();

    // It passes its self-test, and dies at each start of the service.
    const source = Buffer.from(node.runtime('dead')).toString();
    const dead = source.replace('// dead\n', "// dead\nif (process.argv[2] === 'run') process.abort();\n");
    const custom = { kind: 'runtime' } as const;
    const runtime = String(await node.stage('0.3.0', Buffer.from(dead), { custom }));
    expect(await node.ask('select', runtime)).toBeNull();
    expect([node.runtimeName(), existsSync(at(`${PREFIX}/stoa-agent.prev`))]).toEqual(['dead', true]);
    await host.run('systemctl', 'start', 'stoa-agent.service').catch(() => '');
    await until('the guard has put the old one back', async () => node.runtimeName() === 'old', {
      everyMs: 500,
    });
    await host.run('systemctl', 'stop', 'stoa-agent.service');
    expect(await node.ask('state')).toMatchObject({
      runtimeOnTrial: false,
      rejected: [{ id: runtime, reason: expect.stringContaining('did not start') }],
    });

    const good = String(await node.stage('0.4.0', node.runtime('new'), { custom }));
    expect(await node.ask('select', good)).toBeNull();
    expect(await node.ask('keep', id)).toBeNull();
    expect(node.runtimeName()).toBe('new');
    expect(await node.ask('state')).toMatchObject({
      runtimeOnTrial: false,
      floor: { newest: { runtime: '0.4.0' } },
    });
  });
});
