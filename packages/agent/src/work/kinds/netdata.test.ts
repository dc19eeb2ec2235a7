import { describe, expect, it } from 'vitest';
import { createClock } from '#clock.ts';
import { makeRootWorld } from '#root/root.fixture.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { netdataInstall } from '#work/kinds/packages.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';

const LISTENING = '00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0';
const V6 = LISTENING.replace('00000000:', `${'0'.repeat(32)}:`);
/** Where netdata listens by itself: test/work/netdata-on-host.test.ts installs it. */
const SAID = {
  command: 'grep -i :4E1F /proc/net/tcp /proc/net/tcp6',
  version: 'netdata 1.37.1-2 of Debian 12',
  origin: 'a systemd of its own on a test machine, 26 November 2026, after netdata-install',
  output:
    '   8: 0100007F:4E1F 00000000:0000 0A 00000000:00000000 00:00000000 00000000   994        0 10621516 1 000000005c8673a9 100 0 0 10 0\n',
};
const real = createClock();
let passed = 0;
/** Each look is twenty seconds later. */
const quick = {
  ...real,
  monotonic: () => (passed += 20_000),
  after: (_ms: number, task: () => void) => real.after(0, task),
};

async function install(tcp: string, tcp6: string) {
  const world = await makeRootWorld();
  world.proc.write('net/tcp', `  sl  local_address rem_address   st\n${tcp}`);
  world.proc.write('net/tcp6', `  sl  local_address rem_address   st\n${tcp6}`);
  const { job } = runningJob('netdata-install');
  const end = await netdataInstall(kindDeps(world, { clock: quick }))
    .run(job)
    .then(
      ({ report }) => report,
      (error: { code: string }) => error.code,
    );
  return { end, last: world.ran.at(-1)?.argv.slice(0, 3).join(' ') };
}

describe('netdata', () => {
  const stopped = 'systemctl disable --now';
  const loopback = `   0: 0100007F:4E1F ${LISTENING}\n`;
  it.each([
    ['beyond loopback', `   0: 00000000:4E1F ${LISTENING}\n`, '', 'netdata_exposed'],
    ['on both', loopback, `   0: ${'0'.repeat(32)}:4E1F ${V6}\n`, 'netdata_exposed'],
    [
      'on an address that ends as loopback does',
      '',
      `   0: B80D0120${'0'.repeat(22)}7F:4E1F ${V6}\n`,
      'netdata_exposed',
    ],
    ['on another port only', `   0: 0100007F:4E20 ${LISTENING}\n`, '', 'netdata_silent'],
    ['nowhere that could be seen', '', '', 'netdata_silent'],
  ])('is stopped where it listens %s', async (_where, tcp, tcp6, code) => {
    expect(await install(tcp, tcp6)).toEqual({ end: code, last: stopped });
  });

  it('is said to be on loopback where it was seen there', async () => {
    const six = `   0: 00000000000000000000000001000000:4E1F ${V6}\n   1: 0000000000000000FFFF00000100007F:4E1F ${V6}\n`;
    const { end, last } = await install(loopback, six);
    expect(end).toEqual({ port: 19_999, loopbackOnly: true });
    expect(last).not.toBe(stopped);
  });

  it('is on loopback alone as its distribution sets it up', async () => {
    expect((await install(SAID.output, '')).end).toEqual({ port: 19_999, loopbackOnly: true });
  });
});
