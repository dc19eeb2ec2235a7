import { createHash } from 'node:crypto';
import {
  type CryptoSuite,
  fromHex,
  type HubChain,
  ProtocolError,
  peekInstanceCert,
  toHex,
  verifyHubChain,
  verifyIn,
} from '@stoa/protocol';
import { chainHash, contentHash, GENESIS } from './chain.ts';
import {
  chainOf,
  EXPORT_CONTEXT,
  type ExportLine,
  type ExportRow,
  type Footer,
  lineSchema,
  type Manifest,
  signedBytes,
} from './export-format.ts';
import { exportLines, type Line } from './export-lines.ts';

export interface ExportProblem {
  readonly code: string;
  /** Of the file, from 1; undefined where it concerns the whole. */
  readonly line: number | undefined;
  readonly message: string;
}

export interface ExportReport {
  /** Whether nothing at all differs. */
  readonly ok: boolean;
  readonly manifest: Manifest | undefined;
  readonly rows: number;
  /** Rows of which the content was blanked before the export. */
  readonly blanked: number;
  /** Fingerprint of the root from which the signing key descends, hex; to be compared where none was given. */
  readonly root: string | undefined;
  /** The first ones; `problemCount` counts all. */
  readonly problems: readonly ExportProblem[];
  readonly problemCount: number;
}

const SHOWN = 50;

/**
 * Checks an export by itself: its signature down to the root, the hash of each row and of its content, order, gaps, counts.
 * @param rootFingerprint what the root must be; unless given, the report names the one that was found.
 */
export async function verifyExport(
  file: AsyncIterable<Uint8Array>,
  by: { crypto: CryptoSuite; rootFingerprint?: Uint8Array | undefined },
): Promise<ExportReport> {
  const check = new ExportCheck(by);
  try {
    for await (const line of exportLines(file)) check.line(line);
  } catch (error) {
    check.unreadable(error);
  }
  return check.end();
}

class ExportCheck {
  readonly #crypto: CryptoSuite;
  readonly #rootFingerprint: Uint8Array | undefined;
  readonly #problems: ExportProblem[] = [];
  #problemCount = 0;
  readonly #body = createHash('sha256');
  #line = 0;
  #manifest: Manifest | undefined;
  #footer: Footer | undefined;
  /** The row before, where it could be read. */
  #last: ExportRow | undefined;
  #first: ExportRow | undefined;
  #rows = 0;
  #blanked = 0;
  #root: string | undefined;

  constructor(by: { crypto: CryptoSuite; rootFingerprint?: Uint8Array | undefined }) {
    this.#crypto = by.crypto;
    this.#rootFingerprint = by.rootFingerprint;
  }

  line(line: Line): void {
    this.#line += 1;
    if (this.#footer !== undefined) {
      this.#problem('after_footer', 'something follows the footer, which is the last line of an export');
      return;
    }
    if (line.cut) this.#problem('truncated', 'the file ends within this line');
    const read = readLine(line.text);
    if (read === undefined || !('footer' in read)) this.#body.update(line.bytes);
    if (read === undefined)
      this.#problem('bad_line', 'the line is no manifest, row or footer as this program writes them');
    else if ('manifest' in read) this.#takeManifest(read.manifest);
    else if ('row' in read) this.#takeRow(read.row);
    else this.#takeFooter(read.footer);
  }

  unreadable(error: unknown): void {
    this.#problem('damaged', `the file cannot be read on: ${error instanceof Error ? error.message : error}`);
  }

  end(): ExportReport {
    if (this.#manifest === undefined) this.#problem('no_manifest', 'no manifest begins the export', 'whole');
    else this.#compareWithManifest(this.#manifest);
    if (this.#footer === undefined)
      this.#problem('no_footer', 'the footer with the signature is missing: the end was cut off', 'whole');
    return {
      ok: this.#problemCount === 0,
      manifest: this.#manifest,
      rows: this.#rows,
      blanked: this.#blanked,
      root: this.#root,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  #takeManifest(manifest: Manifest): void {
    if (this.#line === 1) this.#manifest = manifest;
    else this.#problem('misplaced_manifest', 'a manifest stands elsewhere than on the first line');
  }

  #takeRow(row: ExportRow): void {
    this.#rows += 1;
    if (row.content === null) this.#blanked += 1;
    this.#checkContent(row);
    const link = { ...row, contentHash: fromHex(row.contentHash) };
    if (toHex(chainHash(fromHex(row.before), link)) !== row.hash)
      this.#problem('bad_hash', `row ${row.seq} is not the one that was hashed: it was changed`);
    this.#checkPlace(row);
    this.#first ??= row;
    this.#last = row;
  }

  #checkContent(row: ExportRow): void {
    const { content, seq } = row;
    if (content === null) {
      if (row.retention === 'permanent')
        this.#problem('blanked', `row ${seq} is permanent, but has no content`);
      return;
    }
    const { salt, owner, ...rest } = content;
    const made = contentHash(fromHex(salt), { ...rest, owner: owner ?? undefined });
    if (toHex(made) !== row.contentHash)
      this.#problem('bad_content', `the content of row ${seq} is not what was hashed: it was changed`);
    const scope = this.#manifest?.scope;
    if (scope?.kind === 'account' && content.actor !== scope.email && owner !== scope.email)
      this.#problem('out_of_scope', `row ${seq} neither is by ${scope.email} nor touches it`);
  }

  #checkPlace(row: ExportRow): void {
    const { seq, before } = row;
    const last = this.#last;
    if (last === undefined) {
      if (seq === 1 && before !== toHex(GENESIS))
        this.#problem('bad_chain', 'row 1 does not follow the beginning of the chain');
      return;
    }
    if (seq <= last.seq)
      this.#problem('bad_order', `row ${seq} stands behind row ${last.seq}: moved or repeated`);
    else if (seq === last.seq + 1 && before !== last.hash)
      this.#problem('bad_chain', `row ${seq} does not follow the row ${last.seq} that stands before it`);
    else if (seq > last.seq + 1 && this.#manifest?.scope.kind === 'all')
      this.#problem(
        'missing_rows',
        seq === last.seq + 2 ? `row ${seq - 1} is missing` : `rows ${last.seq + 1} to ${seq - 1} are missing`,
      );
  }

  #takeFooter(footer: Footer): void {
    this.#footer = footer;
    const body = this.#body.digest();
    if (toHex(body) !== footer.bodySha256)
      this.#problem('bad_digest', 'the lines before the footer are not those that were signed');
    const lastHash = this.#last?.hash ?? toHex(GENESIS);
    if (footer.lastHash !== lastHash)
      this.#problem('bad_last_hash', 'the last row is not the one that was signed as the last');
    this.#checkSignature(footer);
  }

  #checkSignature(footer: Footer): void {
    const chain = chainOf(footer);
    this.#root = toHex(this.#crypto.hash(chain.root));
    try {
      const { instance } = verifyHubChain(chain, this.#policyFor(chain), this.#crypto);
      const signed = signedBytes(fromHex(footer.bodySha256), fromHex(footer.lastHash));
      const verify = this.#crypto.verifier(instance.publicKey);
      if (!verifyIn(EXPORT_CONTEXT, verify, signed, fromHex(footer.signature)))
        this.#problem('bad_signature', `the signature does not hold under the key of ${instance.instance}`);
      if (this.#manifest !== undefined && this.#manifest.hub !== instance.instance)
        this.#problem(
          'wrong_hub',
          `the manifest names '${this.#manifest.hub}', '${instance.instance}' has signed`,
        );
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#problem(error.code, error.message);
    }
  }

  /** The certificates must have been good when the export was made, by its own word: the key may have expired since. */
  #policyFor(chain: HubChain) {
    const { region } = this.#manifest ?? peekInstanceCert(chain.instance);
    return {
      rootFingerprint: this.#rootFingerprint ?? this.#crypto.hash(chain.root),
      region,
      timeFloor: this.#manifest === undefined ? 0 : Date.parse(this.#manifest.madeAt),
      minInstanceSerial: 0,
    };
  }

  #compareWithManifest({ count, from, to }: Manifest): void {
    if (this.#rows !== count)
      this.#problem('bad_count', `the manifest announces ${count} rows; there are ${this.#rows}`, 'whole');
    const [first, last] = [this.#first?.seq ?? 0, this.#last?.seq ?? 0];
    if (first !== from || last !== to)
      this.#problem(
        'bad_range',
        `the manifest announces rows ${from} to ${to}; there are ${first} to ${last}`,
        'whole',
      );
  }

  #problem(code: string, message: string, where: 'here' | 'whole' = 'here'): void {
    this.#problemCount += 1;
    const line = where === 'here' ? this.#line : undefined;
    if (this.#problems.length < SHOWN) this.#problems.push({ code, line, message });
  }
}

/** Undefined unless it is to the letter what this program writes: nothing can hide in how it is written. */
function readLine(text: string): ExportLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: said by the caller, with its line.
    return undefined;
  }
  // Read from the value itself: the schema's copy may lack a key that an object can hold, as `__proto__`.
  return lineSchema.safeParse(value).success && JSON.stringify(value) === text
    ? (value as ExportLine)
    : undefined;
}
