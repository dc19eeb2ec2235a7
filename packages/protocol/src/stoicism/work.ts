/**
 * Work that begins with a nonce of the hub's and whose output takes it: a chain of steps, each of which needs the one before,
 * in one or more lanes. Whoever has the nonce can do any stretch of it again between two marks.
 */

/** Parts that are measured by such work, with the thousandths of their unit that a step is worth. */
export const WORK_UNITS = {
  /** 200 rounds of PBKDF2-HMAC-SHA512 take as long as one event of sysbench's does. */
  cpuSingle: 10_000,
  cpuMulti: 10_000,
  blake2s: 1_000,
  secp256k1: 1_000,
  ed25519: 1_000,
  pactProxy: 1_000,
  hashVerify: 1_000,
  /** A step fills 16 MiB and reads them again in an order that only it can tell; a plain copy moves about 400 MB meanwhile. */
  memorySpeed: 400_000,
  /** A step reads one block of 4 KiB of a file whose content the nonce of `CONTENT_PART` makes. */
  randomRead: 1_000,
} as const;

/** Its nonce makes the content of the file that the drive is measured by; nothing is answered to it. */
export const CONTENT_PART = 'sequential';

export type WorkPart = keyof typeof WORK_UNITS;

export const WORK_PARTS = Object.keys(WORK_UNITS) as readonly WorkPart[];

export function isWorkPart(name: string): name is WorkPart {
  return Object.hasOwn(WORK_UNITS, name);
}

export interface WorkStart {
  readonly part: WorkPart;
  /** 32 bytes. */
  readonly nonce: Uint8Array;
  readonly lane: number;
  /** Of the drive. */
  readonly file?: DriveFile;
}

export interface DriveFile {
  /** Nonce of the content, 32 bytes. */
  readonly nonce: Uint8Array;
  /** Of 4 KiB, 1 at least. */
  readonly blocks: number;
}

/** What the drive's work is put together of, for who reads the blocks from one. */
export interface DriveWork {
  /** Bytes of the file from a block on. */
  readonly content: (block: number, bytes: number) => Uint8Array;
  /** Which block comes next. */
  readonly next: (state: Uint8Array) => number;
  readonly fold: (state: Uint8Array, block: Uint8Array) => Uint8Array;
}

export interface Work {
  /** Before the first step. */
  readonly first: Uint8Array;
  /** @param state 32 bytes. @returns the next 32. */
  readonly step: (state: Uint8Array) => Uint8Array;
  /** Of the drive. */
  readonly drive: DriveWork;
}

/**
 * It uses nothing around it, for threads get it as its own text; what lies between two calls into `node:crypto` may be
 * interpreted, so there is little of it.
 */
export function workOf(crypto: typeof import('node:crypto'), { part, nonce, lane, file }: WorkStart): Work {
  const hash = (bytes: Uint8Array): Buffer => crypto.hash('sha512-256', bytes, 'buffer');
  const first = hash(Buffer.concat([nonce, Buffer.from(`${part} ${lane}`)]));
  const blocks = (): Work['step'] => {
    const megabyte = Buffer.alloc(1e6, 7);
    return (state) => {
      megabyte.set(state);
      return crypto.createHash('blake2s256').update(megabyte).digest();
    };
  };
  const signatures = (): Work['step'] => {
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
    const der = Buffer.concat([prefix, nonce]);
    const key = crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return (state) => crypto.sign(null, state, key).subarray(0, 32);
  };
  const points = (): Work['step'] => {
    const curve = crypto.createECDH('secp256k1');
    return (state) => {
      curve.setPrivateKey(state);
      return curve.getPublicKey().subarray(1, 33);
    };
  };
  /** The Merkle hash of a chainweb header: 17 leaves. */
  const headers = (): Work['step'] => {
    const leaf = Buffer.alloc(40, 3);
    const pair = Buffer.alloc(64);
    return (state) => {
      leaf.set(state);
      pair.set(hash(leaf));
      for (let at = 0; at < 16; at += 1) {
        pair.set(hash(leaf), 32);
        pair.set(hash(pair));
      }
      return Buffer.from(pair.subarray(0, 32));
    };
  };
  /** JSON in, exact sums of decimals, JSON out, its hash. */
  const contracts = (): Work['step'] => {
    const accounts = Array.from({ length: 20 }, (_, index) => ({
      id: `k:${index}`,
      balance: '123.450000000000',
    }));
    const text = JSON.stringify(accounts);
    return (state) => {
      const rows = JSON.parse(text) as { id: string; balance: string }[];
      let total = Buffer.from(state).readBigUInt64BE(0);
      for (const row of rows) {
        const [whole = '', fraction = ''] = row.balance.split('.');
        total += BigInt(whole + fraction) * 3n;
        row.balance = String(total);
      }
      return crypto
        .createHash('blake2b512')
        .update(JSON.stringify(rows))
        .update(state)
        .digest()
        .subarray(0, 32);
    };
  };
  const drive: DriveWork = {
    content: (block, bytes) => {
      const counter = Buffer.alloc(16);
      // 256 blocks of AES are one of the file.
      counter.writeBigUInt64BE(BigInt(block) * 256n, 8);
      return crypto.createCipheriv('aes-256-ctr', file!.nonce, counter).update(Buffer.alloc(bytes));
    },
    next: (state) => Buffer.from(state).readUInt32BE(0) % file!.blocks,
    fold: (state, block) => hash(Buffer.concat([state, block])),
  };
  const steps: { readonly [P in WorkPart]: () => Work['step'] } = {
    cpuSingle: () => (state) => crypto.pbkdf2Sync(state, 'stoa', 2_000, 32, 'sha512'),
    cpuMulti: () => (state) => crypto.pbkdf2Sync(state, 'stoa', 2_000, 32, 'sha512'),
    blake2s: blocks,
    secp256k1: points,
    ed25519: signatures,
    pactProxy: contracts,
    hashVerify: headers,
    memorySpeed: () => (state) =>
      crypto.scryptSync(state, 'stoa', 32, { N: 16_384, r: 8, p: 1, maxmem: 67_108_864 }),
    randomRead: () => (state) => drive.fold(state, drive.content(drive.next(state), 4_096)),
  };
  return { first, step: steps[part](), drive };
}
