import type { Mailer } from '#seams/mailer/index.ts';
import type { Clock } from '../../clock.ts';
import type { ChannelKind, Send } from '../channel.ts';
import type { Egress } from '../egress.ts';
import { createDiscordSend, createTelegramSend } from './chat.ts';
import { createEmailSend } from './email.ts';
import { createWebhookSend } from './webhook.ts';

/** How each kind of channel is spoken to. A further kind is a file beside this one and its line here. */
export function createSends(by: {
  mailer: Mailer;
  egress: Egress;
  /** Of the hub, for links. */
  origin: string;
  clock: Pick<Clock, 'now'>;
  /** Where Telegram's bot API is, if not at its own address. */
  telegramApi?: string;
}): Readonly<Record<ChannelKind, Send>> {
  return {
    email: createEmailSend(by),
    webhook: createWebhookSend(by),
    telegram: createTelegramSend({ ...by, ...(by.telegramApi !== undefined && { api: by.telegramApi }) }),
    discord: createDiscordSend(by),
  };
}
