import { concat } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Json, toJson } from '../../test/kit/vector-json.ts';
import { littleEndian } from './edwards.ts';

const P = 2n ** 255n - 19n;
/** u of the points of small order on the curve and its twist (RFC 7748 §6.1 and its errata): canonical, then p more. */
const SMALL = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
];

export function keyExchangeVectors(): Json {
  const random = seededRandom('vectors: key exchange');
  const pairs = Array.from({ length: 4 }, () => [random(32), random(32)] as const);
  const exchanges = pairs.map(([a, b]) => {
    const [left, right] = [nodeCrypto.exchangeKey(a), nodeCrypto.exchangeKey(b)];
    return {
      secretA: a,
      publicA: left.publicKey,
      secretB: b,
      publicB: right.publicKey,
      shared: left.shared(right.publicKey),
    };
  });
  const secret = random(32);
  const key = nodeCrypto.exchangeKey(secret);
  const unusual = [littleEndian(9n + 2n ** 255n), littleEndian(P + 9n), littleEndian(2n ** 255n - 1n)].map(
    (peer) => ({
      peer,
      shared: key.shared(peer),
    }),
  );
  const refused = SMALL.flatMap((u) => [littleEndian(u), littleEndian(u + 2n ** 255n)]);
  return toJson({
    about:
      'X25519: the top bit of u is ignored and u taken modulo p (RFC 7748); a shared secret of zero is refused.',
    exchanges,
    secret,
    publicKey: key.publicKey,
    unusual,
    refused: [...refused, concat(new Uint8Array(31))],
  }) as Json;
}
