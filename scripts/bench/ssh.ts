import { systemClock } from '@stoa/hub';
import { AllowedAddresses, EgressResolver } from '@stoa/hub/egress';
import { RoutineSweep, Ssh2Pool, type SshTarget } from '@stoa/hub/seams/ssh-pool/index';
import { startHubUnderLoad } from './hub-under-load.ts';
import { type Bench, cpuOf, result, round } from './result.ts';
import { type Sshd, startSshd } from './sshd.ts';
import { connectSwarm, fullHeartbeat, offerHeartbeats } from './swarm.ts';

const FLEETS = [350, 7_000, 200_000];

interface Touched {
  readonly nodes: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

/**
 * What it costs the hub to touch a node: over the SSH pool, eight at once, against a real OpenSSH server, with connections
 * that are open (warm) and that must be made (cold); and by a full heartbeat that an agent pushes. 32 nodes, 8 sweeps;
 * 256 nodes, 40 sweeps under --long. On loopback, so without the round trips that SSH pays and a push does not.
 */
export const benchSsh: Bench = async ({ long, say }) => {
  const [nodes, sweeps] = long ? [256, 40] : [32, 8];
  const sshd = await startSshd();
  if (sshd === null)
    return result({
      ...{ bench: 'ssh', value: 0, unit: 'times the hub CPU of a push', target: 10, better: 'higher' },
      ...{ peer: null, pass: false, detail: { missing: 'openssh-server' } },
    });
  const ssh = await (async () => {
    await using server = sshd;
    return await touch(server, { nodes, sweeps, say });
  })();
  const push = await pushed({ sessions: long ? 10_000 : 500, seconds: long ? 30 : 6, say });
  const warm = (ssh.warm.cpuMs * 1_000) / ssh.warm.nodes;
  const cold = (ssh.cold.cpuMs * 1_000) / ssh.cold.nodes;
  const ratio = warm / push;
  return result({
    bench: 'ssh',
    value: round(ratio),
    unit: 'times the hub CPU of a push, to touch a node over a warm SSH connection',
    target: 10,
    better: 'higher',
    peer: { name: 'agent push', value: 1 },
    detail: {
      cpuMicros: { sshWarm: round(warm), sshCold: round(cold), agentPush: round(push) },
      coldRatio: round(cold / push),
      touchesPerSecond: { warm: rate(ssh.warm), cold: rate(ssh.cold) },
      sweepSeconds: Object.fromEntries(
        FLEETS.map((fleet) => [
          fleet,
          { warm: round(fleet / rate(ssh.warm)), cold: round(fleet / rate(ssh.cold)) },
        ]),
      ),
      cpuSecondsASweep: Object.fromEntries(
        FLEETS.map((fleet) => [
          fleet,
          {
            sshWarm: round((fleet * warm) / 1e6),
            sshCold: round((fleet * cold) / 1e6),
            agentPush: round((fleet * push) / 1e6),
          },
        ]),
      ),
    },
  });
};

async function touch(
  server: Sshd,
  { nodes, sweeps, say }: { nodes: number; sweeps: number; say: (text: string) => void },
): Promise<{ cold: Touched; warm: Touched }> {
  const pins = new Map<string, string>();
  await using pool = new Ssh2Pool({
    resolver: new EgressResolver({ allowed: new AllowedAddresses(['127.0.0.0/8']) }),
    clock: systemClock,
    hostKeys: {
      pinned: async (place) => pins.get(place),
      pin: async (place, { fingerprint }) => {
        pins.set(place, fingerprint);
        return fingerprint;
      },
    },
    record: async () => undefined,
  });
  const targets = Array.from(
    { length: nodes },
    (_, at): SshTarget => ({
      host: `127.1.${Math.floor(at / 250)}.${1 + (at % 250)}`,
      port: server.port,
      user: server.user,
    }),
  );
  const login = { kind: 'key', privateKey: server.privateKey } as const;
  const use = { actor: 'bench', reason: 'bench', subject: 'bench' };
  const sweep = new RoutineSweep();
  const once = () =>
    sweep.over(targets, async (target) => {
      const { exitCode } = await pool.use(target, { login, use }, (session) =>
        session.run('true', { timeoutMs: 30_000 }),
      );
      if (exitCode !== 0) throw new Error(`${target.host}: exit code ${exitCode}`);
    });
  const cold = await measured(nodes, async () => void (await once()));
  say(`SSH cold: ${rate(cold)} nodes a second`);
  const warm = await measured(nodes * sweeps, async () => {
    for (let i = 0; i < sweeps; i += 1) await once();
  });
  say(`SSH warm: ${rate(warm)} nodes a second`);
  return { cold, warm };
}

/** Hub CPU in microseconds for a full heartbeat of an agent, its answer and its flush included. */
async function pushed({
  sessions,
  seconds,
  say,
}: {
  sessions: number;
  seconds: number;
  say: (text: string) => void;
}): Promise<number> {
  const tips = Array.from({ length: 8 }, (_, i) => fullHeartbeat(i + 1).tips);
  await using hub = await startHubUnderLoad();
  await hub.seed(sessions);
  const agents = await connectSwarm(hub, sessions);
  await offerHeartbeats(agents, { perSecond: 2_000, seconds: 2, tips });
  const before = await hub.usage();
  await offerHeartbeats(agents, { perSecond: 2_000, seconds, tips });
  const after = await hub.usage();
  for (const agent of agents) agent.socket.terminate();
  const micros = ((after.cpuMsBefore - before.cpuMsAfter) * 1_000) / (after.heartbeats - before.heartbeats);
  say(`agent push: ${round(micros)} µs of hub CPU`);
  return micros;
}

async function measured(nodes: number, task: () => Promise<void>): Promise<Touched> {
  const began = performance.now();
  const cpuMs = await cpuOf(task);
  return { nodes, cpuMs, wallMs: performance.now() - began };
}

function rate({ nodes, wallMs }: Touched): number {
  return round((nodes * 1_000) / wallMs);
}
