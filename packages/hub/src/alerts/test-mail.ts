import type { Mailer } from '#seams/mailer/index.ts';
import { createEmailSend } from './channels/email.ts';

/** Sends the test that *Send test* sends, past the outbox. @throws DeliveryError */
export async function sendTestMail(
  to: string,
  by: { mailer: Mailer; origin: string; id: string; now: number },
): Promise<void> {
  const send = createEmailSend(by);
  const message = { kind: 'test', at: by.now, items: [], counts: {} } as const;
  const target = { kind: 'email', target: to, secret: '' } as const;
  await send(target, { id: by.id, message }, AbortSignal.timeout(60_000));
}
