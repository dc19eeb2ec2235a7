import { onThread } from '#work/kinds/measure/worker.ts';

export interface CryptoFigures {
  readonly blake2sMbPerSecond: number;
  readonly secp256k1PerSecond: number;
  readonly ed25519PerSecond: number;
  /** Chainweb headers whose Merkle hash (17 leaves of SHA-512/256) is taken. */
  readonly hashVerifyPerSecond: number;
  /** Small contract-like steps: JSON in, exact sums of decimals, JSON out, its hash. */
  readonly pactProxyPerSecond: number;
}

function cryptoFigures(require: NodeJS.Require, { seconds }: { seconds: number }): CryptoFigures {
  const crypto = require('node:crypto') as typeof import('node:crypto');
  const rate = (task: (turn: number) => void): number => {
    const started = performance.now();
    let turns = 0;
    while (performance.now() - started < seconds * 1000)
      for (let step = 0; step < 16; step += 1) task(turns++);
    return turns / ((performance.now() - started) / 1000);
  };
  const megabyte = Buffer.alloc(1e6, 7);
  const message = Buffer.alloc(64, 1);
  const curve = crypto.generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const edwards = crypto.generateKeyPairSync('ed25519');
  const signature = crypto.sign(null, message, edwards.privateKey);
  // In one call: what lies between two is not compiled.
  const hashed = (bytes: Uint8Array): Buffer => crypto.hash('sha512-256', bytes, 'buffer');
  const leaf = Buffer.alloc(40, 3);
  const pair = Buffer.alloc(64);
  const accounts = Array.from({ length: 20 }, (_, index) => ({
    id: `k:${index}`,
    balance: '123.450000000000',
  }));
  const text = JSON.stringify(accounts);
  return {
    blake2sMbPerSecond: rate(() => void crypto.createHash('blake2s256').update(megabyte).digest()),
    secp256k1PerSecond: rate(() => void crypto.sign('sha256', message, curve.privateKey)),
    ed25519PerSecond: rate(() => {
      if (!crypto.verify(null, message, edwards.publicKey, signature))
        throw new Error('a true signature was refused');
    }),
    hashVerifyPerSecond: rate(() => {
      pair.set(hashed(leaf));
      for (let at = 0; at < 16; at += 1) {
        pair.set(hashed(leaf), 32);
        pair.set(hashed(pair));
      }
    }),
    pactProxyPerSecond: rate((turn) => {
      const rows = JSON.parse(text) as { id: string; balance: string }[];
      let total = BigInt(turn);
      for (const row of rows) {
        const [whole = '', part = ''] = row.balance.split('.');
        total += BigInt(whole + part) * 3n;
        row.balance = String(total);
      }
      crypto.createHash('blake2b512').update(JSON.stringify(rows)).digest('base64url');
    }),
  };
}

export function measureCrypto(seconds: number, signal: AbortSignal): Promise<CryptoFigures> {
  return onThread(cryptoFigures, { seconds }, signal);
}
