import { HubError } from '../error.ts';
import type { Message } from './message.ts';

export const CHANNEL_KINDS = ['email', 'webhook', 'telegram', 'discord'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export const KIND_WORDS: Readonly<Record<ChannelKind, string>> = {
  email: 'E-mail',
  webhook: 'Webhook',
  telegram: 'Telegram',
  discord: 'Discord',
};

/** Where a message goes, with what it takes to get there: only the dispatcher holds one. */
export interface Target {
  readonly kind: ChannelKind;
  /** E-mail address, webhook's URL, Telegram's chat. */
  readonly target: string;
  /** Signing key, bot token, Discord's URL; '' where it takes none. */
  readonly secret: string;
}

export interface Delivery {
  /** Stable over all attempts. */
  readonly id: string;
  readonly message: Message;
}

/** Sends one message to one target. @throws DeliveryError; gives up when the signal says so. */
export type Send = (target: Target, delivery: Delivery, signal: AbortSignal) => Promise<void>;

/** A message that did not arrive. Its text is shown in the delivery log: it never holds a secret. */
export class DeliveryError extends HubError<'delivery_failed'> {
  override readonly name = 'DeliveryError';
  /** What the receiver asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(why: string, options: { retry: boolean; retryAfterMs?: number; cause?: unknown }) {
    super('delivery_failed', why, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function defaultChannelId(owner: string): string {
  return `account:${owner}`;
}

/** Good enough to hand to a mail server; whether it exists only the server knows. */
export function isAddress(text: string): boolean {
  return /^[^\s@<>(),;:"[\]\\]{1,64}@[A-Za-z0-9.-]{1,190}$/.test(text);
}
