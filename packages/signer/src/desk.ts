import type { RegionCert } from '@stoa/protocol';
import {
  formatCertificates,
  openCertificates,
  parseCertificates,
  type RegionCertificates,
} from '#authority/certificates.ts';
import type { Authority, Decision, Office, RegionKeys } from '#authority/decision.ts';
import { journalFiles, REGION_FILES, type RegionConfig, type RegionPlace } from '#authority/region.ts';
import { readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import { Book } from '#journal/book.ts';
import type { Entry } from '#journal/entry.ts';
import { RegionState, requireRegion } from '#journal/region-state.ts';
import { describeStatus, type SignerStatus } from '#status.ts';
import { type Clock, MAX_LEAP_MS, steadyNow } from '#steady-clock.ts';

interface Installed {
  readonly bundle: RegionCertificates;
  readonly opened: readonly RegionCert[];
}

/**
 * The signer's one desk: an act is decided on the state, written to the journal, applied, and only then answered. Callers
 * come one at a time (`SignerService`).
 */
export class Desk {
  readonly #place: RegionPlace;
  readonly #config: RegionConfig;
  readonly #keys: RegionKeys;
  readonly #clock: Clock;
  readonly #book: Book<Entry, RegionState>;
  #installed: Installed | undefined;

  constructor(place: RegionPlace, parts: { config: RegionConfig; keys: RegionKeys; clock: Clock }) {
    this.#place = place;
    this.#config = parts.config;
    this.#keys = parts.keys;
    this.#clock = parts.clock;
    this.#book = new Book(journalFiles(place), {
      begin: () => new RegionState(),
      check: (state) => requireRegion(state, parts.config.region),
    });
  }

  /** @throws SignerError as reading the journal and the certificates does, or `clock_leap`. */
  async open(acceptClockLeap: boolean): Promise<void> {
    const path = REGION_FILES.certificates(this.#place.dir);
    const text = await readText(this.#place.disk, path);
    if (text !== undefined) this.#installed = this.#check(parseCertificates(text));
    const { state } = await this.#book.read();
    const now = this.#clock.now();
    if (acceptClockLeap && now - state.at > MAX_LEAP_MS)
      await this.#book.write({ at: now, kind: 'clock-accepted', previous: state.at });
    steadyNow(this.#clock, state.at);
  }

  async status(): Promise<SignerStatus> {
    const { state, head } = await this.#book.read();
    const clockNow = this.#clock.now();
    const leapt = clockNow - state.at > MAX_LEAP_MS;
    const now = leapt ? state.at : steadyNow(this.#clock, state.at);
    return describeStatus(await this.#office(now), {
      root: this.#installed?.bundle.root,
      certificates: this.#installed?.opened ?? [],
      head,
      clockNow,
    });
  }

  /** @throws SignerError `file_missing` before the root certified the region. */
  certificates(): RegionCertificates {
    if (this.#installed !== undefined) return this.#installed.bundle;
    throw new SignerError(
      'file_missing',
      "the root has not certified this region's keys yet: run 'signer region issue' where the root key is, then 'signer region install' here",
    );
  }

  /** @throws SignerError of the decision, `clock_leap`, `file_missing`, `disk_fault`, `journal_damaged`. */
  sign<T>(decide: (authority: Authority) => Decision<T>): Promise<T> {
    return this.decide((office) => decide({ ...office, certificates: this.certificates() }));
  }

  async decide<T>(decide: (office: Office) => Decision<T>): Promise<T> {
    const { state } = await this.#book.read();
    const now = steadyNow(this.#clock, state.at);
    const { act, answer } = decide(await this.#office(now));
    if (act !== undefined) await this.#book.write({ at: now, ...act });
    return answer;
  }

  /**
   * Takes certificates from anybody: the root's signatures are the permission. The root itself never changes, and what
   * is installed already changes nothing.
   * @throws SignerError `bad_certificate`.
   */
  async install(content: Uint8Array): Promise<void> {
    const next = this.#check(parseCertificates(Buffer.from(content).toString('utf8')));
    const serial = Math.min(...next.opened.map((cert) => cert.serial));
    const notAfter = Math.min(...next.opened.map((cert) => cert.notAfter));
    const { disk, dir } = this.#place;
    if (
      this.#installed !== undefined &&
      formatCertificates(this.#installed.bundle) === formatCertificates(next.bundle)
    )
      return;
    await this.decide(({ state }) => {
      if (serial < state.certificateSerial)
        throw new SignerError(
          'bad_certificate',
          `the certificates have serial ${serial}; ${state.certificateSerial} is installed`,
        );
      return { act: { kind: 'certificates-installed', serial, notAfter }, answer: undefined };
    });
    await disk.writeAtomic(REGION_FILES.certificates(dir), formatCertificates(next.bundle));
    this.#installed = next;
  }

  #check(bundle: RegionCertificates): Installed {
    const { instances, enrol, authority } = this.#keys;
    const keys = { instances: instances.publicKey, enrol: enrol.publicKey, authority: authority.publicKey };
    const opened = openCertificates(bundle, { region: this.#config.region, keys });
    const root = this.#installed?.bundle.root ?? bundle.root;
    if (Buffer.compare(root, bundle.root) !== 0)
      throw new SignerError(
        'bad_certificate',
        'these certificates are of another root, and every node pins the one that it joined with',
      );
    return { bundle, opened: Object.values(opened) };
  }

  async #office(now: number): Promise<Office> {
    const { state } = await this.#book.read();
    const { region, policy } = this.#config;
    return { region, policy, keys: this.#keys, state, now };
  }
}
