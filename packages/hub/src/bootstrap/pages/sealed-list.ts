import { z } from 'zod';
import type { Vault } from '#vault/index.ts';
import { VaultError } from '#vault/index.ts';
import { HttpError } from '../../http-error.ts';

const COLUMN = { table: 'a form', id: 'who', column: 'hosts' };
const GOOD_MS = 15 * 60_000;

const list = z.object({
  until: z.number(),
  owner: z.string(),
  tags: z.array(z.string()),
  hosts: z.array(
    z.object({
      ...{ host: z.string(), port: z.number(), user: z.string(), password: z.string(), label: z.string() },
      ...{ place: z.string(), fingerprint: z.string() },
    }),
  ),
});
export type HostsShown = Omit<z.infer<typeof list>, 'until'>;

/**
 * Between the two steps the list waits in the page, sealed: passwords that nobody sends off lie nowhere in the hub, and the
 * page shows none. Good for a quarter of an hour, for who typed it.
 */
export class SealedList {
  readonly #vault: Vault;
  readonly #now: () => number;

  constructor({ vault, now }: { vault: Vault; now: () => number }) {
    this.#vault = vault;
    this.#now = now;
  }

  seal(email: string, shown: HostsShown): string {
    return this.#vault.seal(JSON.stringify({ ...shown, until: this.#now() + GOOD_MS }), COLUMN, email);
  }

  /** @throws {HttpError} `bad_form` */
  open(email: string, sealed: string): HostsShown {
    const { until, ...shown } = list.parse(JSON.parse(this.#text(email, sealed)));
    if (until > this.#now()) return shown;
    throw bad('This list was shown more than a quarter of an hour ago.');
  }

  #text(email: string, sealed: string): string {
    try {
      return this.#vault.open(sealed, COLUMN, email);
    } catch (cause) {
      if (!(cause instanceof VaultError)) throw cause;
      throw bad('This list is not one that this hub showed you.', cause);
    }
  }
}

function bad(message: string, cause?: unknown): HttpError {
  return new HttpError(422, 'bad_form', message, { fix: 'Send the list again.', cause });
}
