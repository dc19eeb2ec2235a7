import { join } from 'node:path';
import type { Server } from 'node:tls';
import type { Clock } from '../clock.ts';
import { PrivateFile } from '../private-file.ts';
import { certificateLife, type TlsEnd } from '../tls-files.ts';
import { openDoor } from './challenge-door.ts';
import { newAccountKey, orderCertificate } from './order.ts';

export interface AcmeSettings {
  /** Of the CA. */
  readonly directory: URL;
  readonly contact: string | undefined;
  /** The DNS name by which the hub is reached. */
  readonly name: string;
  /** Holds the account's key and the certificate with its key, 0600. */
  readonly dataDir: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Before its end; of a certificate that lives shorter than three times as long, its last third. */
const RENEW_MS = 30 * DAY;

/**
 * The hub's certificate by ACME (RFC 8555): ordered as the hub starts for the first time, renewed well before its end. The
 * one in use stays while that fails, and is tried again each hour, which CAs allow for ever.
 */
export class AcmeCertificate implements TlsEnd {
  readonly name = 'acme-certificate';
  readonly #settings: AcmeSettings;
  readonly #server: Server;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #accountKey: PrivateFile;
  readonly #file: PrivateFile;
  readonly #closing = Promise.withResolvers<void>();
  #life: { notBefore: number; notAfter: number } | undefined;

  private constructor(by: { settings: AcmeSettings; server: Server; clock: Pick<Clock, 'now'> }) {
    this.#settings = by.settings;
    this.#server = by.server;
    this.#clock = by.clock;
    this.#accountKey = new PrivateFile(join(by.settings.dataDir, 'acme', 'account.key'));
    this.#file = new PrivateFile(join(by.settings.dataDir, 'acme', `${by.settings.name}.pem`));
  }

  /** Takes the certificate of an earlier run into use; without one, nobody gets in before the first tick. */
  static async open(by: {
    settings: AcmeSettings;
    server: Server;
    clock: Pick<Clock, 'now'>;
  }): Promise<AcmeCertificate> {
    const certificate = new AcmeCertificate(by);
    const held = await certificate.#file.load();
    if (held !== undefined) certificate.#use(Buffer.from(held).toString());
    return certificate;
  }

  /** Without a certificate nobody gets in: tried as often as Let's Encrypt takes failures, five an hour. */
  get periodMs(): number {
    return this.#life === undefined ? 15 * MINUTE : HOUR;
  }

  get expiries(): TlsEnd['expiries'] {
    const { name } = this.#settings;
    if (this.#life === undefined) return [];
    // Half of the time for renewing went by without a new one.
    return [
      { name: `TLS certificate of ${name}`, notAfter: this.#life.notAfter, warnMs: this.#renewMs() / 2 },
    ];
  }

  /** @throws AcmeError */
  async tick(): Promise<void> {
    if (this.#life !== undefined && this.#clock.now() < this.#life.notAfter - this.#renewMs()) return;
    await Promise.race([this.#renew(), this.#closing.promise]);
  }

  /** An order under way is not waited for. */
  close(): void {
    this.#closing.resolve();
  }

  async #renew(): Promise<void> {
    const { directory, contact, name } = this.#settings;
    const accountKey = await this.#loadAccountKey();
    const prove = (proof: { cert: string; key: string }) => openDoor(this.#server, proof);
    const pem = await orderCertificate({ directory, contact, name, accountKey, prove });
    await this.#file.save(Buffer.from(pem));
    this.#use(pem);
  }

  #renewMs(): number {
    if (this.#life === undefined) return RENEW_MS;
    return Math.min(RENEW_MS, (this.#life.notAfter - this.#life.notBefore) / 3);
  }

  #use(pem: string): void {
    this.#server.setSecureContext({ cert: pem, key: pem });
    this.#life = certificateLife(pem);
  }

  async #loadAccountKey(): Promise<string> {
    const held = await this.#accountKey.load();
    if (held !== undefined) return Buffer.from(held).toString();
    const made = await newAccountKey();
    await this.#accountKey.save(made);
    return made.toString();
  }
}
