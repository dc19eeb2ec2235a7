import type { Mail, Mailer } from './mailer.ts';

/** Where no SMTP server is configured: whoever runs the hub reads the mail in its output. */
export function createLogMailer(by: { write: (line: string) => void }): Mailer {
  return {
    kind: 'log',
    async send({ to, subject, text }: Mail) {
      // As in a real header: a subject is one line, or it could pass for the text.
      by.write(`--- e-mail to ${to}: ${subject.replaceAll(/[\r\n]+/g, ' ')}\n${text}\n---`);
    },
    close: () => undefined,
  };
}
