import { createHmac } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Delivery, Send } from '../channel.ts';
import { type Egress, mustTake } from '../egress.ts';
import { headline, textOf } from '../message.ts';
import { pathOf, wordsOf } from '../rule.ts';

/**
 * What the receiver checks: HMAC-SHA256 by the channel's key over `timestamp.id.body`, as hex. The timestamp (seconds)
 * lets it refuse what is old, the id what it had already.
 */
export function signatureOf(key: string, signed: { timestamp: number; id: string; body: string }): string {
  return createHmac('sha256', key).update(`${signed.timestamp}.${signed.id}.${signed.body}`).digest('hex');
}

export function createWebhookSend(by: { egress: Egress; origin: string; clock: Pick<Clock, 'now'> }): Send {
  return async ({ target, secret }, delivery, signal) => {
    const url = new URL(target);
    const body = JSON.stringify(bodyOf(delivery, by.origin));
    const timestamp = Math.floor(by.clock.now() / 1_000);
    const answer = await by.egress.request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'stoa-hub',
        'stoa-delivery': delivery.id,
        'stoa-timestamp': String(timestamp),
        'stoa-signature': `v1=${signatureOf(secret, { timestamp, id: delivery.id, body })}`,
      },
      body,
      signal,
    });
    mustTake(url.hostname, answer);
  };
}

function bodyOf({ id, message }: Delivery, origin: string) {
  return {
    id,
    kind: message.kind,
    at: new Date(message.at).toISOString(),
    title: headline(message),
    text: textOf(message, origin),
    counts: message.counts,
    alerts: message.items.map(({ notice, rule, subject, label, evidence }) => ({
      notice,
      rule,
      severity: wordsOf(rule).severity,
      subject,
      label,
      evidence,
      ...linkOf(pathOf(rule, subject), origin),
    })),
  };
}

function linkOf(path: string | undefined, origin: string): { url?: string } {
  return path === undefined ? {} : { url: new URL(path, origin).href };
}
