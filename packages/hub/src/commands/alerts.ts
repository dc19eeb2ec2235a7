import { randomUUID } from 'node:crypto';
import { sendTestMail } from '../alerts/index.ts';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { createSmtpMailer } from '../seams/mailer/index.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub alerts test EMAIL`: works without a hub; what the mail server says is what is told. */
export async function testAlerts({ config, out, json }: CommandContext, email: string): Promise<void> {
  if (config.smtpUrl === undefined)
    throw new HubError('no_mail_server', 'SMTP_URL is not set: e-mails are written to the log of the hub', {
      retry: false,
    });
  const mailer = createSmtpMailer({ url: config.smtpUrl, from: config.mailFrom });
  const origin = config.publicUrl?.origin ?? `http://${config.host}:${config.port}`;
  const id = randomUUID();
  try {
    await sendTestMail(email, { mailer, origin, id, now: systemClock.now() });
  } finally {
    mailer.close();
  }
  out(json ? JSON.stringify({ email, id }) : `The mail server took a test for ${email}, as ${id}.`);
}
