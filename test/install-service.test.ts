/** `install.sh` as root, with its service: in a mount namespace, so that nothing of this machine is touched. */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishAgent } from './kit/agent-release.ts';
import { HubHome } from './kit/hub-process.ts';
import { runScript } from './kit/install-script.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';

const SCRIPT = fileURLToPath(new URL('../packages/hub/src/joining/static/install.sh', import.meta.url));
const SYSTEMCTL = fileURLToPath(new URL('kit/systemctl.sh', import.meta.url));
const run = promisify(execFile);

/** Where the script writes is empty or a copy, and gone with the namespace. */
const PRIVATE = `set -eu
cp -a /etc "$WORK/etc" && mount --bind "$WORK/etc" /etc
for place in /opt /var/lib /run /usr/local/bin; do mount -t tmpfs none "$place"; done
mkdir -p /run/systemd/system /etc/systemd/system
`;
const MOST_EXPOSURE = 2.5;

describe('install.sh', () => {
  it('is clean for shellcheck as a POSIX script', async () => {
    await expect(run('shellcheck', ['-s', 'sh', SCRIPT])).resolves.toMatchObject({ stdout: '' });
  });
});

describe.skipIf(process.getuid?.() !== 0)('install.sh with its service', { timeout: 120_000 }, () => {
  let home: HubHome;
  let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
  let origin: string;
  beforeAll(async () => {
    scratch = await temporaryDirectory();
    home = await HubHome.create();
    await publishAgent(home);
    ({ origin } = await home.serve({ HEARTBEAT_SECONDS: '1' }));
    const script = await (await fetch(`${origin}/install.sh`)).text();
    await writeFile(join(scratch.path, 'install.sh'), script);
    await mkdir(join(scratch.path, 'bin'));
    await copyFile(SYSTEMCTL, join(scratch.path, 'bin/systemctl'));
    await run('chmod', ['-R', 'go+rX,u+x', scratch.path]);
  }, 240_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  it('F21 warns of a certificate that ended by the clock of the host, and goes on', async () => {
    const bin = join(scratch.path, 'clock');
    await mkdir(bin);
    const dryRun = async (now: string) => {
      await writeFile(join(bin, 'date'), `#!/bin/sh\n${now}\n`, { mode: 0o755 });
      const args = ['--prefix', join(scratch.path, 'p'), '--no-service', '--dry-run', await home.token()];
      return runScript(['sh', join(scratch.path, 'install.sh')], {
        args,
        env: { PATH: `${bin}:${process.env['PATH']}` },
      });
    };
    const later = Math.floor(Date.now() / 1_000) + 10 * 365 * 86_400;
    const ended = await dryRun(`echo ${later}`);
    expect(ended).toMatchObject({ code: 0, said: expect.stringContaining('nothing was changed') });
    expect(ended.said).toMatch(/WARNING: .* ended 3\d{3} days ago/);
    for (const now of ['echo 0', 'exec /bin/date "$@"', 'exit 1']) {
      const { code, said } = await dryRun(now);
      expect([now, code, said.includes('WARNING')]).toEqual([now, 0, false]);
    }
  });

  it('adds a user, a hardened unit and a running node, changes nothing when run again, and takes all of it away', async () => {
    const token = await home.token();
    const work = scratch.path;
    const steps = `${PRIVATE}
cd /
install() { sh "$WORK/install.sh" "$@" </dev/null; }
cd /opt && mkdir -p stoa-agent/versions/0.0.1/bin && ln -s versions/0.0.1 stoa-agent/current && touch stoa-agent/.stoa-agent
cd /
STOA_TOKEN=$TOKEN install
LC_ALL=C ls -A /opt/stoa-agent
echo "== installed"
cat /opt/stoa-agent/agent.env; stat -c '%U %a' /opt/stoa-agent/agent.env /var/lib/stoa-agent /opt/stoa-agent/stoa-agent /opt/stoa-agent
ps -o user=,args= -p "$(cat /run/stoa-agent.pid)" --ppid "$(cat /run/stoa-agent.pid)"
cp /etc/systemd/system/stoa-agent.service "$WORK/stoa-agent.service"
systemd-analyze verify "$WORK/stoa-agent.service" 2>&1 && echo "== verified"
systemd-analyze security --offline=true --no-pager "$WORK/stoa-agent.service" | tail -1
cp /etc/systemd/system/stoa-agent-root.* "$WORK/"
systemd-analyze verify "$WORK/stoa-agent-root.socket" "$WORK/stoa-agent-root.service" 2>&1 && echo "== verified too"
systemd-analyze security --offline=true --no-pager "$WORK/stoa-agent-root.service" | tail -1
grep -h LimitIntervalSec "$WORK"/stoa-agent-root.service "$WORK"/stoa-agent-root.socket
stat -c '%U %a' /etc/stoa-agent/trust; cat /etc/stoa-agent/trust
echo "== again"
install
echo "== newer"
cd /opt/stoa-agent
echo another >.sha256 && mv stoa-agent kept && printf '#!/bin/sh\necho stoa-agent 99.0.0\n' >stoa-agent && chmod 755 stoa-agent
install
mv kept stoa-agent
cd /
echo "== away"
install --uninstall --purge
find /opt /var/lib /usr/local/bin /etc/systemd/system /etc/stoa-agent -mindepth 1 -name '*stoa*' 2>/dev/null || true
id stoa 2>&1 || true
echo "== end"
`;
    // The region's signer lives in this process: nothing here may block.
    const { code, said } = await runScript(['unshare', '-m', 'sh'], {
      script: steps,
      env: {
        PATH: `${work}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        WORK: work,
        TOKEN: token,
        CHAINWEB_URL: home.chain.serviceUrl,
        CHAINWEB_NETWORK: home.network.network.name,
      },
    });
    expect(code, said).toBe(0);
    const [install, installed, again, newer, away] = said.split(/^== (?:installed|again|newer|away|end)\n/m);
    expect(install).toMatch(/add the user stoa[\s\S]*Enrolled as node[\s\S]*start stoa-agent.service/);
    expect(install).toMatch(/ok\s+The running agent/);
    expect(install).toMatch(/ok\s+Service API of the chainweb node/);
    expect(install).toContain('remove the programs of earlier agents, /opt/stoa-agent/versions');
    expect(install).toMatch(
      /^THIRD-PARTY-LICENCES\nagent.env\nbin\nguard.sh\nselection.json\nstoa-agent\nstoa-agent.cdx.json\n/m,
    );
    expect(install).not.toMatch(/^(versions|current|\.new)$/m);
    expect(newer).toContain('stoa-agent 99.0.0 is here, which is newer: it stays');
    expect(said).not.toContain(token);
    // However often the unit ends: a socket that systemd gave up would come back by nobody but a person.
    expect(installed).toContain('StartLimitIntervalSec=0\nTriggerLimitIntervalSec=0\n');
    expect(installed).toContain('root 600\nstoa 700\nroot 755\nroot 755\n');
    expect(installed).toContain(`CHAINWEB_URL='${home.chain.serviceUrl}'\n`);
    expect(installed).toMatch(/^stoa\s+\/opt\/stoa-agent\/stoa-agent run$/m);
    expect(installed).toContain('== verified');
    const exposure = /exposure level for stoa-agent.service: ([\d.]+)/.exec(installed!)?.[1];
    expect(Number(exposure)).toBeLessThan(MOST_EXPOSURE);
    expect(installed).toContain('== verified too');
    const rootExposure = /exposure level for stoa-agent-root.service: ([\d.]+)/.exec(installed!)?.[1];
    expect(Number(rootExposure)).toBeLessThan(MOST_EXPOSURE);
    expect(installed).toMatch(
      /^root 644\nroot [0-9a-f]{64}\nregion local\nnode [0-9a-f]{64} ([0-9a-f]{64}|-) \d+ 1789 default$/m,
    );
    expect(again).toContain('Nothing to do: it is installed and joined.');
    expect(away).toMatch(/remove the user stoa\nDone[^\n]*\n(id: .*no such user\n)$/);
    expect(await readFile(join(work, 'stoa-agent.service'), 'utf8')).toContain('CapabilityBoundingSet=\n');
  });
});
