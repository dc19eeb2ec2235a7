/** From systemd to Docker, to Compose and back, with the programs of the distribution themselves: minutes, and the network. */
import { copyFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { freePort } from '../kit/pebble.ts';
import { NODE_PROGRAM, tarball, UNIT } from '../kit/work-host.ts';
import { WorkingHost } from '../kit/working-host.ts';

const ENGINE = fileURLToPath(new URL('../kit/docker-engine.sh', import.meta.url));

describe.skipIf(process.getuid?.() !== 0)(
  'stoachain-convert-supervision',
  { tags: ['slow'], timeout: 900_000 },
  () => {
    it('moves a node from systemd to Docker, to Compose and back, and controls and upgrades it on the way', async () => {
      await using world = await WorkingHost.boot();
      const { host } = world;
      await host.bindGroups();
      await copyFile(ENGINE, host.path('/docker-engine.sh'));
      const registry = String(await freePort());
      const said = await host.run('env', `REGISTRY=${registry}`, 'sh', '/docker-engine.sh');
      const [image = '', other = ''] = said.trim().split('\n');
      const asked = async (format: string) =>
        (await host.run('docker', 'inspect', '--format', format, 'stoachain')).trim();

      await world.succeed('stoachain-convert-supervision', { to: 'docker', image });
      expect(await asked('{{.State.Running}} {{.HostConfig.NetworkMode}} {{.Config.Image}}')).toBe(
        `true host ${image}`,
      );
      expect(await world.mainPid()).toBe(0);
      await world.nodeServes();
      const first = await asked('{{.State.Pid}}');
      await world.succeed('stoachain-control', { action: 'restart' });
      expect(await asked('{{.State.Pid}}')).not.toBe(first);
      const backup = await world.succeed('backup-stoachain');
      await world.succeed('backup-restore', { sha256: String(backup['sha256']) });

      await world.succeed('stoachain-upgrade', { image: other, gateMinutes: 15 });
      expect(await asked('{{.State.Running}} {{.Config.Image}}')).toBe(`true ${other}`);

      await world.succeed('stoachain-convert-supervision', { to: 'compose' });
      const service = async (format: string) =>
        (await host.run('sh', '-c', `docker inspect --format '${format}' $(docker ps --quiet)`)).trim();
      const labelled = '{{index .Config.Labels "com.docker.compose.service"}} {{.Config.Image}}';
      expect(await service(labelled)).toBe(`node ${other}`);
      await world.nodeServes();
      await world.succeed('stoachain-control', { action: 'restart' });
      await world.succeed('stoachain-upgrade', { image, gateMinutes: 15 });
      expect(await service(labelled)).toBe(`node ${image}`);

      const program = world.serve('/program.tar.gz', await tarball(host, NODE_PROGRAM));
      await world.succeed('stoachain-convert-supervision', { to: 'systemd', ...program });
      expect(await host.run('docker', 'ps', '--all', '--quiet')).toBe('');
      expect(await host.run('systemctl', 'is-enabled', UNIT)).toBe('enabled\n');
      expect((await world.cmdline(await world.mainPid()))[0]).toContain(program.sha256);
      await world.nodeServes();
    });
  },
);
