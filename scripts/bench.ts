/** `pnpm bench NAME [--json] [--long]`: one bench, or `all` of them. See scripts/bench/ for what each measures. */
import { parseArgs } from 'node:util';
import { joined } from './bench/joined.ts';
import type { Bench, BenchResult } from './bench/result.ts';

/** Name -> what it measures, and where it is. */
const BENCHES: Readonly<Record<string, { about: string; load: () => Promise<Bench> }>> = {
  frames: {
    about: 'heartbeats taken, checked, stored and answered per CPU second of the hub, beside Mosquitto QoS 1',
    load: async () => (await import('./bench/frames.ts')).benchFrames,
  },
  connections: {
    about: 'resident memory of the hub per session, in KiB',
    load: async () => (await import('./bench/connections.ts')).benchConnections,
  },
  handshake: {
    about: 'full mutual handshakes per CPU second of the hub',
    load: async () => (await import('./bench/handshake.ts')).benchHandshake,
  },
  flush: {
    about: 'node states with ten tips written durably a second',
    load: async () => (await import('./bench/flush.ts')).benchFlush,
  },
  agent: {
    about: 'memory and CPU of the agent; ten minutes under --long',
    load: async () => (await import('./bench/agent.ts')).benchAgent,
  },
  console: {
    about: 'first byte of the signed-in node list at 100,000 nodes, p95 in ms, alone and under 100 readers',
    load: async () => (await import('./bench/console.ts')).benchConsole,
  },
  jobs: {
    about:
      'from submit to running on a connected agent, p99 in ms at 10,000 agents; jobs leased and acknowledged per CPU second',
    load: async () => (await import('./bench/jobs.ts')).benchJobs,
  },
  ssh: {
    about: 'hub CPU to touch a node over a warm SSH connection, in times of an agent’s push',
    load: async () => (await import('./bench/ssh.ts')).benchSsh,
  },
  selector: {
    about: 'a page of what a selector finds among 200,000 nodes, p95 in ms; among 1,000,000 under --long',
    load: async () => (await import('./bench/selector.ts')).benchSelector,
  },
  streams: {
    about: 'what 1,000 open pages take of a core of the hub while 1,000 nodes change a second',
    load: async () => (await import('./bench/streams.ts')).benchStreams,
  },
  ota: {
    about:
      'bytes that a node moves for a release of code and for a patch of Node; from downloaded to connected',
    load: async () =>
      joined((await import('./bench/ota.ts')).benchOta, {
        rollouts: (await import('./bench/ota-rollout.ts')).benchOtaRollout,
      }),
  },
  'ota-rollout': {
    about:
      'rollouts over 10,000 simulated nodes, 100 seeds: bad ones halt early, sound ones complete, liars do neither',
    load: async () => (await import('./bench/ota-rollout.ts')).benchOtaRollout,
  },
  stoicism: {
    about:
      'an hour of 200,000 nodes closed, in ms; the earnings page over 10,000,000 events; a tick of the gates over 500,000 nodes; events replayed per CPU second',
    load: async () => (await import('./bench/stoicism.ts')).benchStoicism,
  },
  'stoicism-earnings': {
    about:
      'the earnings page over a ledger of 10,000,000 events, p95 in ms; the rich list of 500,000 accounts',
    load: async () => (await import('./bench/stoicism-earnings.ts')).benchEarnings,
  },
  mint: {
    about:
      'transactions, bytes and gas of a day of 500,000 accounts and after thirty banked days; seconds and memory from cut to signed; blocks and seconds of its sweep over a simulated network',
    load: async () => (await import('./bench/mint.ts')).benchMint,
  },
  codec: {
    about: 'full heartbeats decoded and validated per CPU second, beside JSON, MessagePack and CBOR with zod',
    load: async () => (await import('./bench/codec.ts')).benchCodec,
  },
  session: {
    about: 'tags of a full heartbeat per CPU second, beside what else node:crypto offers',
    load: async () => (await import('./bench/session.ts')).benchSession,
  },
  'handshake-steps': {
    about: 'the protocol’s share of a handshake at the hub, step by step, beside the bare signatures',
    load: async () => (await import('./bench/handshake-steps.ts')).benchHandshakeSteps,
  },
};

const HELP = `Usage: pnpm bench NAME [--json] [--long]

${Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}
  ${'all'.padEnd(12)} every one of them

--json  the last line of output is one JSON object
--long  bigger sizes and soaks (each bench says its default size)
Exit codes: 0 every target met, 1 one missed, 2 wrong use`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [name] = positionals;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (name === undefined || positionals.length > 1 || (name !== 'all' && BENCHES[name] === undefined)) {
    console.error(
      `${name === undefined ? 'Which bench?' : `'${positionals.join(' ')}' is no bench.`}\n\n${HELP}`,
    );
    return 2;
  }
  const names = name === 'all' ? Object.keys(BENCHES) : [name];
  const results: BenchResult[] = [];
  for (const one of names) {
    console.error(`── ${one}`);
    const bench = await BENCHES[one]!.load();
    const measured = await bench({ long: values.long, say: (text) => console.error(`   ${text}`) });
    results.push(measured);
    if (!values.json) console.log(describe(measured));
    else if (name === 'all') console.log(JSON.stringify(measured));
  }
  const pass = results.filter((one) => one.pass).length;
  const whole = name === 'all' ? { results, pass, fail: results.length - pass } : results[0];
  if (values.json) console.log(JSON.stringify(whole));
  return pass === results.length ? 0 : 1;
}

function describe(measured: BenchResult): string {
  const { bench, value, unit, target, better, peer, ratio, pass } = measured;
  const beside = peer === null ? '' : `; ${peer.name} ${peer.value} (ratio ${ratio})`;
  return `${pass ? 'pass' : 'MISS'} ${bench}: ${value} ${unit}, target ${better === 'higher' ? '>=' : '<='} ${target}${beside}`;
}

process.exitCode = await main();
