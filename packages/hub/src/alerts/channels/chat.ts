import { DeliveryError, type Send } from '../channel.ts';
import { type Egress, mustTake } from '../egress.ts';
import { headline, textOf } from '../message.ts';

const TELEGRAM = 'https://api.telegram.org';
/** Telegram takes 4,096 characters, Discord 2,000. */
const LONGEST = 1_900;

interface ChatDeps {
  readonly egress: Egress;
  /** Of the hub, for links. */
  readonly origin: string;
}

/** A bot of the owner's own: `secret` is its token, `target` the chat. */
export function createTelegramSend(by: ChatDeps & { api?: string }): Send {
  return async ({ target, secret }, { message }, signal) => {
    const url = URL.parse(
      `/bot${encodeURIComponent(secret).replaceAll('%3A', ':')}/sendMessage`,
      by.api ?? TELEGRAM,
    );
    if (url === null) throw new DeliveryError('the bot token can not be used', { retry: false });
    const text = cut(`${headline(message)}\n\n${textOf(message, by.origin)}`);
    await post(by.egress, url, { body: { chat_id: target, text, disable_web_page_preview: true }, signal });
  };
}

/** `secret` is the webhook's whole URL: who knows it may write to the channel. */
export function createDiscordSend(by: ChatDeps): Send {
  return async ({ secret }, { message }, signal) => {
    const content = cut(`**${headline(message)}**\n${textOf(message, by.origin)}`);
    // Nobody is pinged by what a node calls itself.
    await post(by.egress, new URL(secret), { body: { content, allowed_mentions: { parse: [] } }, signal });
  };
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

async function post(
  egress: Egress,
  url: URL,
  { body, signal }: { body: Readonly<Record<string, unknown>>; signal: AbortSignal },
): Promise<void> {
  const headers = { 'content-type': 'application/json', 'user-agent': 'stoa-hub' };
  const answer = await egress.request(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
  mustTake(url.hostname, answer);
}
