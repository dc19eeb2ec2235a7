import { z } from 'zod';
import { isVersion } from '#nodes/index.ts';
import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../../console/form.tsx';
import { href } from '../../console/scope.ts';
import { isWindow, MOST_DEFERRED_MS, NO_WISH, type UpdateWish } from '../plan/index.ts';

const DAY_MS = 86_400_000;

export interface WishAgain {
  readonly typed?: Typed | undefined;
  readonly faults?: Faults | undefined;
}

/** What an owner types: each field as the host's own file has it. */
export function wishForm(now: number): z.ZodType<UpdateWish> {
  return z
    .strictObject({
      channel: z.enum(['stable', 'early']),
      pin: z
        .string()
        .trim()
        .regex(/^(\d{1,5}\.\d{1,5}\.\d{1,5})?$/, 'a version like 1.2.3, or nothing'),
      chainwebPin: z
        .string()
        .trim()
        .max(40)
        .default('')
        .refine((text) => text === '' || isVersion(text), 'a version like 2.27, or nothing'),
      until: z
        .string()
        .trim()
        .refine((text) => text === '' || isDay(text, now), 'a day within the next 14, or nothing'),
      window: z
        .string()
        .trim()
        .refine((text) => text === '' || isWindow(text), 'hours in UTC like 02:00-05:00, or nothing'),
    })
    .transform(({ channel, pin, chainwebPin, until, window }) => ({
      ...{ channel, pin, chainwebPin, window },
      deferUntil: until === '' ? 0 : Date.parse(`${until}T00:00:00Z`),
    }));
}

function isDay(text: string, now: number): boolean {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return at > now - DAY_MS && at <= now + MOST_DEFERRED_MS;
}

export function WishForm({
  path,
  wish = NO_WISH,
  again: { typed, faults = {} },
  now,
}: {
  path: string;
  wish?: UpdateWish | undefined;
  again: WishAgain;
  now: number;
}) {
  const shown = typed ?? {
    ...{ channel: wish.channel, pin: wish.pin, chainwebPin: wish.chainwebPin, window: wish.window },
    until: wish.deferUntil > now ? new Date(wish.deferUntil).toISOString().slice(0, 10) : '',
  };
  return (
    <form method="post" action={href(path)} class="form">
      <FormFault faults={faults} />
      <div class="form-row">
        <Field
          name="channel"
          label="Channel"
          hint="early: among the first, if an admin has vetted you"
          fault={faults['channel']}
        >
          <select {...control('channel', faults['channel'], true)}>
            {['stable', 'early'].map((channel) => (
              <option value={channel} selected={channel === typedOf(shown, 'channel')}>
                {channel}
              </option>
            ))}
          </select>
        </Field>
        <Field
          name="window"
          label="Hours (UTC)"
          hint="02:00-05:00, or nothing for any"
          fault={faults['window']}
        >
          <input
            {...control('window', faults['window'], true)}
            value={typedOf(shown, 'window')}
            maxlength={11}
            autocomplete="off"
          />
        </Field>
        <Field name="pin" label="Stay on version" hint="nothing: follow releases" fault={faults['pin']}>
          <input
            {...control('pin', faults['pin'], true)}
            value={typedOf(shown, 'pin')}
            maxlength={17}
            autocomplete="off"
          />
        </Field>
        <Field
          name="chainwebPin"
          label="Stay on chainweb-node"
          hint="nothing: take what is rolled out"
          fault={faults['chainwebPin']}
        >
          <input
            {...control('chainwebPin', faults['chainwebPin'], true)}
            value={typedOf(shown, 'chainwebPin')}
            maxlength={40}
            autocomplete="off"
          />
        </Field>
        <Field name="until" label="Not before" hint="14 days ahead at most" fault={faults['until']}>
          <input {...control('until', faults['until'], true)} type="date" value={typedOf(shown, 'until')} />
        </Field>
      </div>
      <button type="submit" class="quiet">
        Save
      </button>
    </form>
  );
}
