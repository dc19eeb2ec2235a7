import type { Mailer } from '#seams/mailer/index.ts';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { Task } from '../ticker.ts';
import type { AnnouncementStore, DueMail } from './store.ts';

/** At once, so that a server that hangs (20 s) holds few, and a tick ends. */
const AT_ONCE = 8;
const TAKEN_MS = 2 * 60_000;
const MOST_ATTEMPTS = 6;
const RETRY_MS = 60_000;

const SUBJECTS = {
  info: 'News of your Stoa nodes',
  caution: 'Your Stoa nodes: please read',
  urgent: 'Urgent: your Stoa nodes',
} as const;

/** Sends what announcements owe to owners, a few at a time, over restarts and instances. */
export class AnnouncementMails implements Task {
  readonly name = 'announcement-mails';
  readonly periodMs = 5_000;
  readonly #by: {
    store: AnnouncementStore;
    mailer: Pick<Mailer, 'send'>;
    clock: Pick<Clock, 'now'>;
    publicUrl: string;
  };

  constructor(by: {
    store: AnnouncementStore;
    mailer: Pick<Mailer, 'send'>;
    clock: Pick<Clock, 'now'>;
    publicUrl: string;
  }) {
    this.#by = by;
  }

  async tick(): Promise<void> {
    const { store, clock } = this.#by;
    const now = clock.now();
    const due = await store.takeDue(now, { until: now + TAKEN_MS, most: AT_ONCE });
    await Promise.all(due.map((mail) => this.#send(mail)));
  }

  async #send(mail: DueMail): Promise<void> {
    const { store, mailer, clock, publicUrl } = this.#by;
    const { announcementId, email, body, level, attempts } = mail;
    try {
      await mailer.send({
        to: email,
        subject: SUBJECTS[level],
        text: `${body}\n\nStoa Hub at ${new URL(publicUrl).host}\n`,
        id: `announcement-${announcementId}-${Buffer.from(email).toString('base64url')}`,
      });
    } catch (error) {
      const retry = !(error instanceof HubError) || error.retry;
      const againAt =
        retry && attempts < MOST_ATTEMPTS ? clock.now() + RETRY_MS * 2 ** (attempts - 1) : undefined;
      const fault = error instanceof Error ? error.message.slice(0, 300) : 'unknown';
      return store.settle(mail, { fault, againAt });
    }
    return store.settle(mail, { sentAt: clock.now() });
  }
}
