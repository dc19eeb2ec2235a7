import { MailError, type Mailer } from '#seams/mailer/index.ts';
import { DeliveryError, type Send } from '../channel.ts';
import { headline, textOf } from '../message.ts';

/** @param by.origin of the hub, for links. */
export function createEmailSend(by: { mailer: Mailer; origin: string }): Send {
  return async ({ target }, { id, message }) => {
    try {
      await by.mailer.send({
        to: target,
        subject: `[Stoa] ${headline(message)}`,
        text: textOf(message, by.origin),
        id,
      });
    } catch (cause) {
      if (cause instanceof MailError) throw new DeliveryError(cause.message, { retry: cause.retry, cause });
      throw cause;
    }
  };
}
