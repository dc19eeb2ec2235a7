import { AGENT_FRAMES, decode, encode, type Heartbeat } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { PEERS, type Peer } from './codec-peers.ts';
import { cpuMicros, perSecond } from './measure.ts';
import { type BenchOptions, type BenchResult, result } from './result.ts';

const CALLS = 5_000;

/** All ten tips changed: the largest heartbeat that a healthy node sends. */
function fullHeartbeat(): Heartbeat {
  const random = seededRandom('bench: heartbeat');
  return {
    sentAt: Date.UTC(2026, 10, 25, 12),
    uptimeS: 86_400,
    gauges: {
      cpuPermille: 512,
      loadCenti: 187,
      memUsedMb: 9_216,
      memTotalMb: 16_384,
      diskFreeMb: 180_000,
      diskTotalMb: 500_000,
      rxKbps: 1_800,
      txKbps: 2_400,
      peers: 43,
      rttMs: 38,
    },
    chainweb: 'up',
    natIdleS: 300,
    droppedSamples: 0,
    tips: Array.from({ length: 10 }, (_, chain) => ({ chain, height: 6_300_000 + chain, hash: random(32) })),
  };
}

const ours: Peer = {
  name: 'ours',
  encode: (heartbeat) => encode(AGENT_FRAMES.heartbeat, heartbeat),
  decode: (bytes) => decode(AGENT_FRAMES.heartbeat, bytes),
};

/** `codec`: full heartbeats decoded and validated per CPU second, ours beside three libraries with zod behind them. */
export async function benchCodec(options: BenchOptions): Promise<BenchResult> {
  const heartbeat = fullHeartbeat();
  const rounds = options.long ? 41 : 11;
  const all = [ours, ...PEERS];
  const wires = new Map(
    all.map((peer): [string, Uint8Array] => [peer.name, Buffer.from(peer.encode(heartbeat))]),
  );
  options.say(`${rounds} interleaved rounds of ${CALLS} heartbeats with ten tips`);
  const decoded = cpuMicros(
    all.map((peer) => ({ name: peer.name, run: () => peer.decode(wires.get(peer.name)!) })),
    { rounds, calls: CALLS },
  );
  const encoded = cpuMicros(
    all.map((peer) => ({ name: peer.name, run: () => peer.encode(heartbeat) })),
    { rounds, calls: CALLS },
  );
  const detail = Object.fromEntries(
    all.map(({ name }) => [
      name,
      {
        bytes: wires.get(name)!.length,
        decode_per_cpu_second: perSecond(decoded.get(name)!),
        encode_per_cpu_second: perSecond(encoded.get(name)!),
      },
    ]),
  );
  const checked = PEERS.filter(({ name }) => name.endsWith('zod'));
  const best = checked.reduce((a, b) => (decoded.get(a.name)! < decoded.get(b.name)! ? a : b));
  return result({
    bench: 'codec',
    value: perSecond(decoded.get(ours.name)!),
    unit: 'full heartbeats decoded and validated per CPU second',
    target: perSecond(decoded.get(best.name)!),
    better: 'higher',
    peer: { name: best.name, value: perSecond(decoded.get(best.name)!) },
    detail,
  });
}
