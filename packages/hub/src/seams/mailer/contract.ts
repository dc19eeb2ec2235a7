import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mail, Mailer } from './mailer.ts';

/** A mailer and what came out at its other end. */
export interface MailerUnderTest extends AsyncDisposable {
  readonly mailer: Mailer;
  /** In the order of arrival. */
  delivered(): readonly Pick<Mail, 'to' | 'subject' | 'text'>[];
}

/** What every back end must do. */
export function mailerContract(name: string, open: () => Promise<MailerUnderTest>): void {
  describe(`Mailer contract: ${name}`, () => {
    let under: MailerUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under[Symbol.asyncDispose]());

    it('has delivered a letter, whole, once `send` resolves', async () => {
      const text =
        'Zażółć gęślą jaźń.\n\n.a line that begins with a dot\nhttps://hub.example/reset/abc=def\n-- end';
      await under.mailer.send({ to: 'anna@x.example', subject: 'New password', text });
      expect(under.delivered()).toEqual([{ to: 'anna@x.example', subject: 'New password', text }]);
    });

    it('keeps a line as long as a link can be in one piece', async () => {
      const text = `https://hub.example/join?token=${'a1B2'.repeat(500)}`;
      await under.mailer.send({ to: 'anna@x.example', subject: 'Link', text });
      expect(under.delivered()[0]?.text).toBe(text);
    });

    it('delivers each of many at once, to the one it is for', async () => {
      const letters = Array.from({ length: 20 }, (_, i) => ({
        to: `p${i}@x.example`,
        subject: `Letter ${i}`,
        text: `for ${i}`,
      }));
      await Promise.all(letters.map((letter) => under.mailer.send(letter)));
      const byReceiver = (a: { to: string }, b: { to: string }) => a.to.localeCompare(b.to);
      expect(under.delivered().toSorted(byReceiver)).toEqual(letters.toSorted(byReceiver));
    });

    it('lets no subject add a receiver or a header', async () => {
      const subject = 'Hello\r\nBcc: eve@y.example\r\n\r\nan own text';
      await under.mailer.send({ to: 'anna@x.example', subject, text: 'the text' });
      expect(under.delivered()).toHaveLength(1);
      expect(under.delivered()[0]).toMatchObject({ to: 'anna@x.example', text: 'the text' });
    });

    it('is closed as often as one likes', () => {
      under.mailer.close();
      expect(() => under.mailer.close()).not.toThrow();
    });
  });
}
