import { createHash } from 'node:crypto';
import { type HubChain, peekInstanceCert, type SigningKey, signIn, toHex } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import { HttpError } from '../http-error.ts';
import { GENESIS } from './chain.ts';
import {
  EXPORT_CONTEXT,
  EXPORT_FORMAT,
  type ExportRow,
  type Footer,
  type Manifest,
  signedBytes,
} from './export-format.ts';
import type { AuditScope, AuditStore, SeqRange, StoredRow } from './store.ts';

/** The instance that vouches for an export. */
export interface ExportSigner {
  readonly key: SigningKey;
  /** Its certificates as of now. */
  chain(): HubChain;
}

/** Rows read at once. */
const BATCH = 1_000;

/** What to export; the ends of the range are included, and may lie beyond the log's. */
export interface ExportRequest {
  readonly scope: AuditScope;
  readonly range: SeqRange;
  /** Who asks. */
  readonly by: string;
}

export class AuditExport {
  readonly #store: Pick<AuditStore, 'extent' | 'ascending'>;
  readonly #signer: ExportSigner;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: {
    store: Pick<AuditStore, 'extent' | 'ascending'>;
    signer: ExportSigner;
    clock: Pick<Clock, 'now'>;
  }) {
    this.#store = by.store;
    this.#signer = by.signer;
    this.#clock = by.clock;
  }

  /**
   * The lines of an export, signed at their end. What is appended meanwhile is not in it.
   * @throws HttpError `export_overtaken` where rows of the range were blanked meanwhile: what was written is no export then.
   */
  async *lines({ scope, range, by }: ExportRequest): AsyncGenerator<string, void, undefined> {
    const body = createHash('sha256');
    const written = (value: object) => {
      const line = `${JSON.stringify(value)}\n`;
      body.update(line);
      return line;
    };
    const extent = await this.#store.extent(scope, range);
    const { instance, region } = peekInstanceCert(this.#signer.chain().instance);
    const madeAt = new Date(this.#clock.now()).toISOString();
    const { from, to, count } = extent ?? { from: 0, to: 0, count: 0 };
    const about = { scope, from, to, count, hub: instance, region, madeAt, by };
    yield written({ manifest: { format: EXPORT_FORMAT, ...about } satisfies Manifest });
    let last: Uint8Array = GENESIS;
    let rows = 0;
    for await (const row of this.#rows(scope, { from, to })) {
      last = row.hash;
      rows += 1;
      yield written({ row: exportRow(row) });
    }
    if (rows !== count)
      throw new HttpError(409, 'export_overtaken', `${rows} rows were read, ${count} were announced.`, {
        fix: 'Rows were blanked meanwhile, their time being over: export again.',
        retry: true,
      });
    yield `${JSON.stringify({ footer: this.#footer(body.digest(), last) })}\n`;
  }

  async *#rows(scope: AuditScope, { from, to }: SeqRange): AsyncGenerator<StoredRow, void, undefined> {
    let next = from;
    while (next > 0 && next <= to) {
      const batch = await this.#store.ascending(scope, { from: next, to }, BATCH);
      yield* batch;
      const last = batch.at(-1);
      if (last === undefined) return;
      next = last.seq + 1;
    }
  }

  #footer(bodySha256: Uint8Array, lastHash: Uint8Array): Footer {
    const chain = this.#signer.chain();
    const signature = signIn(EXPORT_CONTEXT, this.#signer.key, signedBytes(bodySha256, lastHash));
    return {
      bodySha256: toHex(bodySha256),
      lastHash: toHex(lastHash),
      signature: toHex(signature),
      chain: { root: toHex(chain.root), region: toHex(chain.region), instance: toHex(chain.instance) },
    };
  }
}

function exportRow(row: StoredRow): ExportRow {
  const { seq, at, retention, salt, actor, act, subject, owner = null, detail } = row;
  return {
    seq,
    at,
    retention,
    content: salt === undefined ? null : { salt: toHex(salt), actor, act, subject, owner, detail },
    contentHash: toHex(row.contentHash),
    before: toHex(row.before ?? GENESIS),
    hash: toHex(row.hash),
  };
}
