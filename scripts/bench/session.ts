import { createCipheriv, createHmac, createSecretKey } from 'node:crypto';
import { deriveSession, type Session } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Candidate, cpuMicros, perSecond } from './measure.ts';
import { type BenchOptions, type BenchResult, result, round } from './result.ts';

const CALLS = 5_000;
const FRAME = 456;
const TAG = 16;

const random = seededRandom('bench: session');
const key = random(32);
const frame = random(FRAME);
const keyObject = createSecretKey(key);
const short = createSecretKey(key.subarray(0, 16));
const nonce = new Uint8Array(12);

/** One tag over a full heartbeat's frame, by each way that node:crypto offers. */
const macs: readonly Candidate[] = [
  { name: 'ours: HMAC-SHA256 of two one-shot hashes', run: bind(nodeCrypto.mac(key)) },
  {
    name: 'createHmac, key object',
    run: () => createHmac('sha256', keyObject).update(frame).digest().subarray(0, TAG),
  },
  {
    name: 'createHmac, raw key',
    run: () => createHmac('sha256', key).update(frame).digest().subarray(0, TAG),
  },
  {
    name: 'AES-128-GMAC',
    run() {
      const cipher = createCipheriv('aes-128-gcm', short, nonce);
      cipher.setAAD(frame);
      cipher.final();
      return cipher.getAuthTag();
    },
  },
  {
    name: 'ChaCha20-Poly1305, empty text',
    run() {
      const cipher = createCipheriv('chacha20-poly1305', keyObject, nonce, { authTagLength: TAG });
      cipher.setAAD(frame, { plaintextLength: 0 });
      cipher.final();
      return cipher.getAuthTag();
    },
  },
];

function bind(mac: (message: Uint8Array) => Uint8Array): () => Uint8Array {
  return () => mac(frame);
}

/** Both ends of one session; what it seals it opens at once, so that numbers stay contiguous. */
function ends(payload: Uint8Array): Candidate {
  const from = { shared: key, transcript: key, transport: 'websocket' as const, version: 1 };
  const derive = (role: 'agent' | 'hub'): Session => deriveSession({ crypto: nodeCrypto, role }, from);
  const [agent, hub] = [derive('agent'), derive('hub')];
  return {
    name: `seal and open, payload of ${payload.length} bytes`,
    run: () => hub.open(agent.seal(2, payload)),
  };
}

/** `session`: frames of a full heartbeat sealed and opened again per CPU second; beside it, one tag by other means. */
export async function benchSession(options: BenchOptions): Promise<BenchResult> {
  const rounds = options.long ? 41 : 11;
  options.say(`${rounds} interleaved rounds of ${CALLS} frames`);
  const pairs = [ends(random(422)), ends(random(8))];
  const micros = cpuMicros([...macs, ...pairs], { rounds, calls: CALLS });
  const whole = micros.get(pairs[0]!.name)!;
  const peer = perSecond(micros.get('createHmac, key object')!);
  return result({
    bench: 'session',
    value: perSecond(micros.get(macs[0]!.name)!),
    unit: 'tags of a full heartbeat per CPU second',
    target: peer,
    better: 'higher',
    peer: { name: 'createHmac, key object', value: peer },
    detail: {
      ...Object.fromEntries([...micros].map(([name, cost]) => [name, `${round(cost)} us`])),
      sealed_and_opened_per_cpu_second: perSecond(whole),
    },
  });
}
