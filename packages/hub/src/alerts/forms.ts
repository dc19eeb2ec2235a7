import { isIP } from 'node:net';
import { z } from 'zod';
import { NODE_ID } from '#nodes/index.ts';
import { emailAddress, line } from '../console/form.tsx';
import type { AllowedAddresses } from '../egress-addresses.ts';
import { LONGEST_DELAY_MS, RULE_IDS } from './rule.ts';

const MINUTE = 60_000;
const LONGEST_SELECTOR = 1_000;

/** @param problem what is wrong with a selector, in words. */
const selectorText = (problem: (text: string) => string | undefined): z.ZodType<string> =>
  z
    .string('A selector, or nothing')
    .trim()
    .max(LONGEST_SELECTOR, `at most ${LONGEST_SELECTOR} characters`)
    .superRefine((text, context) => {
      const fault = text === '' ? undefined : problem(text);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });

export function ruleForm(by: { problem: (text: string) => string | undefined; leastDelayMs: number }) {
  const [least, most] = [by.leastDelayMs / MINUTE, LONGEST_DELAY_MS / MINUTE];
  const range = `whole minutes, ${least} to ${most}`;
  return z.strictObject({
    enabled: z.literal('on').optional(),
    minutes: z
      .string(range)
      .trim()
      .regex(/^\d{1,6}$/, range)
      .transform(Number)
      .refine((minutes) => minutes >= least && minutes <= most, range),
    selector: selectorText(by.problem),
  });
}

const reachableUrl = (allowed: AllowedAddresses) =>
  z
    .string('An address')
    .trim()
    .max(2_000, 'at most 2,000 characters')
    .superRefine((text, context) => {
      const fault = urlFault(text, allowed);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });

function urlFault(text: string, allowed: AllowedAddresses): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'an address like https://hooks.example.org/stoa';
  if (url.username !== '' || url.password !== '')
    return 'no name or password in the address: check the signature instead';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || (isIP(host) !== 0 && !allowed.allows(host)))
    return 'an address on the public internet: the hub connects to no private one';
  return undefined;
}

/** @param allowed what a webhook may reach. */
export function channelForm(allowed: AllowedAddresses) {
  return z.discriminatedUnion(
    'kind',
    [
      z.strictObject({ kind: z.literal('email'), address: emailAddress() }),
      z.strictObject({ kind: z.literal('webhook'), url: reachableUrl(allowed) }),
      z.strictObject({
        kind: z.literal('telegram'),
        token: z
          .string('The token')
          .trim()
          .regex(/^\d{5,20}:[\w-]{20,80}$/, 'the token that @BotFather told, like 123456:ABC…'),
        chat: z
          .string('The chat')
          .trim()
          .regex(/^(-?\d{1,20}|@\w{5,64})$/, 'a chat id like -100123, or @channel'),
      }),
      z.strictObject({
        kind: z.literal('discord'),
        discord: z
          .string('The address')
          .trim()
          .max(300, 'at most 300 characters')
          .regex(
            /^https:\/\/(?:ptb\.|canary\.)?discord(?:app)?\.com\/api\/webhooks\/\d{1,25}\/[\w-]{1,120}$/,
            'the webhook address of a channel, https://discord.com/api/webhooks/…',
          ),
      }),
    ],
    'Choose a kind of channel.',
  );
}
export type ChannelForm = z.infer<ReturnType<typeof channelForm>>;

export const codeForm = z.strictObject({
  code: z
    .string('The code')
    .trim()
    .regex(/^\d{8}$/, 'eight digits'),
});

/** How long a silence may last, as forms offer it; hours. */
export const LENGTHS = ['1', '4', '8', '24', '72', '168', '720'] as const;

export function silenceForm(problem: (text: string) => string | undefined) {
  return z.strictObject({
    kind: z.enum(['mute', 'maintenance'], 'Choose one.'),
    /** `region` is the admins'. */
    who: z.enum(['mine', 'region'], 'Choose one.').optional(),
    selector: selectorText(problem),
    rule: z.enum(['', ...RULE_IDS], 'Choose a rule, or all.'),
    from: z
      .string('A time, or nothing for now')
      .trim()
      .regex(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)?$/, 'a time like 2026-11-25T18:00, or nothing for now')
      .refine((text) => text === '' || Number.isFinite(Date.parse(`${text}Z`)), 'a time that exists'),
    hours: z.enum(LENGTHS, 'Choose how long.'),
    reason: line(200),
  });
}

export const muteForm = z.strictObject({
  node: z.string('A node').regex(NODE_ID, 'a node id'),
  rule: z.enum(RULE_IDS, 'a rule'),
  hours: z.enum(LENGTHS, 'Choose how long.'),
});
