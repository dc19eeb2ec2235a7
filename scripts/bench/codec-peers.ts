import type { Gauges, Heartbeat } from '@stoa/protocol';
import { Encoder } from 'cbor-x';
import { Packr } from 'msgpackr';
import * as z from 'zod';

/** Another way to carry a heartbeat: decoding includes the same checks that ours makes. */
export interface Peer {
  readonly name: string;
  encode(heartbeat: Heartbeat): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

const unsigned = (max: number) => z.int().min(0).max(max);
const u8 = unsigned(0xff);
const u16 = unsigned(0xffff);
const u32 = unsigned(0xffff_ffff);
const u64 = unsigned(Number.MAX_SAFE_INTEGER);
const chainweb = z.enum(['unknown', 'up', 'down', 'stopped']);
const hash = z.instanceof(Uint8Array).refine((bytes) => bytes.length === 32);
const hashText = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const gauges = {
  cpuPermille: u16,
  loadCenti: u16,
  memUsedMb: u32,
  memTotalMb: u32,
  diskFreeMb: u32,
  diskTotalMb: u32,
  rxKbps: u32,
  txKbps: u32,
  peers: u16,
  rttMs: u16,
};
const GAUGES = Object.keys(gauges) as (keyof Gauges)[];

function named(tipHash: z.ZodType) {
  return z.object({
    sentAt: u64,
    uptimeS: u32,
    gauges: z.object(gauges),
    chainweb,
    natIdleS: u16,
    droppedSamples: u32,
    tips: z.array(z.object({ chain: u8, height: u32, hash: tipHash })).max(20),
  });
}

const positional = z.tuple([
  u64,
  u32,
  z.tuple([u16, u16, u32, u32, u32, u32, u32, u32, u16, u16]),
  chainweb,
  u16,
  u32,
  z.array(z.tuple([u8, u32, hash])).max(20),
]);

const jsonSchema = named(hashText);
const cborSchema = named(hash);
const packr = new Packr({ useRecords: false });
const cbor = new Encoder({ useRecords: false });

export const PEERS: readonly Peer[] = [
  {
    name: 'JSON + zod',
    encode: (heartbeat) =>
      Buffer.from(
        JSON.stringify({
          ...heartbeat,
          tips: heartbeat.tips.map((tip) => ({ ...tip, hash: Buffer.from(tip.hash).toString('base64url') })),
        }),
      ),
    decode: (bytes) => jsonSchema.parse(JSON.parse(Buffer.from(bytes).toString())),
  },
  {
    name: 'msgpackr positional + zod',
    encode: (heartbeat) =>
      packr.pack([
        heartbeat.sentAt,
        heartbeat.uptimeS,
        GAUGES.map((name) => heartbeat.gauges[name]),
        heartbeat.chainweb,
        heartbeat.natIdleS,
        heartbeat.droppedSamples,
        heartbeat.tips.map(({ chain, height, hash: tipHash }) => [chain, height, tipHash]),
      ]),
    decode: (bytes) => positional.parse(packr.unpack(bytes)),
  },
  {
    name: 'cbor-x + zod',
    encode: (heartbeat) => cbor.encode(heartbeat),
    decode: (bytes) => cborSchema.parse(cbor.decode(bytes)),
  },
  {
    name: 'msgpackr positional, unchecked',
    encode: (heartbeat) => PEERS[1]!.encode(heartbeat),
    decode: (bytes) => packr.unpack(bytes),
  },
];
