import { createTransport } from 'nodemailer';
import { MailError } from './error.ts';
import type { Mail, Mailer } from './mailer.ts';

const TIMEOUT_MS = 20_000;

/**
 * @param by.url `smtp://user:password@host:587` or `smtps://…`; @param by.from `Stoa Hub <hub@example.org>`;
 * @param by.timeoutMs after so long a silence the server is given up.
 */
export function createSmtpMailer(by: { url: string; from: string; timeoutMs?: number }): Mailer {
  const { url, from, timeoutMs = TIMEOUT_MS } = by;
  // Limits belong beside the address: among the defaults of messages they would say nothing. nodemailer's own let a
  // server that is silent hold a message for ten minutes.
  const limits = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs };
  const transport = createTransport(
    { url, ...limits, disableFileAccess: true, disableUrlAccess: true },
    { from },
  );
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
