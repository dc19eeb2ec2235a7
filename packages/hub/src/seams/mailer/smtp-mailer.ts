import { createTransport } from 'nodemailer';
import { MailError } from './error.ts';
import type { Mail, Mailer } from './mailer.ts';

const TIMEOUT_MS = 20_000;

/** @param by.url `smtp://user:password@host:587` or `smtps://…`; @param by.from `Stoa Hub <hub@example.org>` */
export function createSmtpMailer(by: { url: string; from: string }): Mailer {
  const transport = createTransport(by.url, {
    from: by.from,
    // Node's own limits would let a server that says nothing hold a message for ten minutes.
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  } as object);
  return {
    kind: 'smtp',
    async send({ to, subject, text, id }: Mail) {
      try {
        await transport.sendMail({
          to: { name: '', address: to },
          subject,
          text,
          ...(id !== undefined && { messageId: `<${id}@stoa-hub>`, headers: { 'Stoa-Delivery': id } }),
        });
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const status = cause instanceof Error && 'responseCode' in cause ? Number(cause.responseCode) : 0;
        // 5xx is the server's last word; anything else may pass.
        throw new MailError(to, why, { retry: status < 500, cause });
      }
    },
    close: () => transport.close(),
  };
}
