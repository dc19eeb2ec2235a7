import { bytes, type Codec, f64, list, oneOf, record, text, u8, u16, u32, u64, utf8 } from '@stoa/protocol';
import type { CommandSetting, MintAct, PlanOutline } from '@stoa/protocol/mint';
import type { SignedCommand } from '#mint/request.ts';
import type { MintSignerStatus } from '#mint/status.ts';
import { blob } from '#wire/blob.ts';
import type { Dialect } from '#wire/dialect.ts';

type Nothing = Record<never, never>;
type ActOf<K extends MintAct['kind']> = Omit<Extract<MintAct, { kind: K }>, 'kind'>;

/** What a hub asks about one act. */
export interface Asked<K extends MintAct['kind']> {
  readonly act: ActOf<K>;
  readonly setting: CommandSetting;
  readonly leaseEpoch: number;
}

/** An act of a plan names it. */
export interface AskedOfPlan<K extends MintAct['kind']> extends Asked<K> {
  readonly plan: { readonly epoch: number; readonly hash: string };
}

/** What crosses the socket of the minter's signer. */
export interface MintCalls {
  status: { request: Nothing; answer: MintSignerStatus };
  plan: { request: { plan: PlanOutline; approvals: readonly Uint8Array[] }; answer: Nothing };
  enrolments: { request: { approvals: readonly Uint8Array[] }; answer: Nothing };
  open: { request: AskedOfPlan<'open'>; answer: SignedCommand };
  mint: { request: AskedOfPlan<'mint'>; answer: SignedCommand };
  close: { request: AskedOfPlan<'close'>; answer: SignedCommand };
  enrol: { request: Asked<'enrol'>; answer: SignedCommand };
  /** Anybody who reaches the socket may stop it; only the host lets it go on. */
  kill: { request: { reason: string }; answer: Nothing };
}

/** A `cmd` is 225,000 bytes at most, and so are its deltas. */
const CMD_BYTES = 230_000;
const MAX_BATCHES = 1_024;
const APPROVAL_BYTES = 2_300;
const ACCOUNT_BYTES = 320;

const nothing: Codec<Nothing> = record({});
const digest = text(43);
const approvals = list(bytes(APPROVAL_BYTES), 16);

/** Well-formed UTF-8, past the 16 bits of a text's length. */
const longText: Codec<string> = {
  shape: blob(CMD_BYTES).shape,
  write: (writer, value) => blob(CMD_BYTES).write(writer, utf8(value)),
  read: (reader) =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(blob(CMD_BYTES).read(reader)),
};

const setting: Codec<CommandSetting> = record({
  networkId: text(32),
  namespace: text(64),
  module: text(64),
  moduleHash: digest,
  sender: text(128),
  publicKey: text(64),
  chain: u8,
  gasPrice: f64,
  gasLimit: u32,
  creationTime: u64,
  ttl: u32,
  attempt: u16,
});

const plan = record({ epoch: u32, hash: digest });
const leaseEpoch = u64;

const outline: Codec<PlanOutline> = record({
  epoch: u32,
  cutId: text(200),
  points: u64,
  chains: list(
    record({
      chain: u8,
      slots: u32,
      cap: u64,
      bounds: list(u32, MAX_BATCHES + 1),
      batches: list(record({ sum: u64, digest }), MAX_BATCHES),
    }),
    16,
  ),
}) as Codec<PlanOutline>;

const signed: Codec<SignedCommand> = record({
  cmd: longText,
  hash: digest,
  sigs: list(record({ sig: text(128) }), 1),
}) as Codec<SignedCommand>;

const status: Codec<MintSignerStatus> = record({
  networkId: text(32),
  contract: text(96),
  moduleHash: digest,
  publicKey: text(64),
  sender: text(128),
  time: u64,
  running: oneOf('yes', 'killed'),
  lease: u64,
  lastEpoch: u32,
  today: record({ points: u64, slots: u64, gas: u64 }),
  journal: record({ entries: u64, head: text(64) }),
  alerts: list(text(500), 16),
});

const open = record({ epoch: u32, cap: u64, bounds: list(u32, MAX_BATCHES + 1), digest });
const mint = record({ epoch: u32, batch: u32, deltas: longText, sum: u64, digest });
const enrol = record({ first: u64, accounts: list(text(ACCOUNT_BYTES), 4_096), digest });
const close = record({ epoch: u32, total: u64 });

export const MINT_DIALECT: Dialect<MintCalls> = {
  methods: {
    status: { request: nothing, answer: status },
    plan: { request: record({ plan: outline, approvals }), answer: nothing },
    enrolments: { request: record({ approvals }), answer: nothing },
    open: { request: record({ act: open, setting, leaseEpoch, plan }), answer: signed },
    mint: { request: record({ act: mint, setting, leaseEpoch, plan }), answer: signed },
    close: { request: record({ act: close, setting, leaseEpoch, plan }), answer: signed },
    enrol: { request: record({ act: enrol, setting, leaseEpoch }), answer: signed },
    kill: { request: record({ reason: text(200) }), answer: nothing },
  },
  maxMessageBytes: 512 * 1024,
  command: 'signer mint serve',
};
