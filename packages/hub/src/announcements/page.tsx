import { listUrl } from '#nodes/index.ts';
import { Act, control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { number } from '../console/format.ts';
import { embed } from '../console/markup.ts';
import { Ago, Empty, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { banners, LEVELS } from './banner.ts';

import type { Announcement } from './store.ts';

export interface AnnouncementsView {
  readonly announcements: readonly Announcement[];
  readonly now: number;
  readonly again: { readonly typed?: Typed; readonly faults?: Faults };
}

export const DURATIONS = {
  '1': '1 hour',
  '6': '6 hours',
  '24': '1 day',
  '72': '3 days',
  '168': '1 week',
} as const;

/** What owners are told, and were. */
export function AnnouncementsPage({ view }: { view: AnnouncementsView }) {
  return (
    <>
      <header class="title">
        <h1>Announcements</h1>
      </header>
      <div class="panels">
        <Panel id="new" title="Tell owners">
          <Compose again={view.again} />
        </Panel>
        <Panel id="told" title="Told" aside="newest first">
          {view.announcements.length === 0 ? (
            <Empty title="Nothing was announced yet">
              <p>What you write stands above every page of those whom it concerns, while it holds.</p>
            </Empty>
          ) : (
            <ol class="announcements">
              {view.announcements.map((announcement) => (
                <Told announcement={announcement} now={view.now} />
              ))}
            </ol>
          )}
        </Panel>
      </div>
    </>
  );
}

function Compose({ again: { typed, faults = {} } }: { again: AnnouncementsView['again'] }) {
  const level = typedOf(typed, 'level') || 'info';
  const hours = typedOf(typed, 'hours') || '24';
  return (
    <form method="post" action={href('/admin/announcements')} class="form">
      <FormFault faults={faults} />
      <Field name="body" label="Text" hint="Plain text, up to 1,000 characters." fault={faults['body']}>
        <textarea {...control('body', faults['body'], true)} rows={4} maxlength={1000} required>
          {typedOf(typed, 'body')}
        </textarea>
      </Field>
      <div class="form-row">
        <Field name="level" label="Level" fault={faults['level']}>
          <select {...control('level', faults['level'])}>
            {Object.entries(LEVELS).map(([value, word]) => (
              <option value={value} selected={value === level}>
                {word}
              </option>
            ))}
          </select>
        </Field>
        <Field name="hours" label="For" fault={faults['hours']}>
          <select {...control('hours', faults['hours'])}>
            {Object.entries(DURATIONS).map(([value, word]) => (
              <option value={value} selected={value === hours}>
                {word}
              </option>
            ))}
          </select>
        </Field>
        <Field name="from" label="From, UTC (empty: now)" fault={faults['from']}>
          <input {...control('from', faults['from'])} type="datetime-local" value={typedOf(typed, 'from')} />
        </Field>
      </div>
      <Field
        name="selector"
        label="Owners of"
        hint={
          <>
            A selector such as <code>region:eu version:&lt;1.4</code>; empty: everybody.
          </>
        }
        fault={faults['selector']}
      >
        <input
          {...control('selector', faults['selector'], true)}
          value={typedOf(typed, 'selector')}
          maxlength={500}
          spellcheck={false}
          autocomplete="off"
        />
      </Field>
      <label class="choice">
        <input type="checkbox" name="mailed" value="yes" checked={typedOf(typed, 'mailed') === 'yes'} /> Also
        by e-mail to each of them
      </label>
      <div class="form-row">
        <button type="submit" class="primary">
          Announce
        </button>
      </div>
    </form>
  );
}

function Told({ announcement, now }: { announcement: Announcement; now: number }) {
  const { id, selector, createdBy, startsAt, mails } = announcement;
  const standing = standingOf(announcement, now);
  return (
    <li>
      {embed(banners([announcement]) ?? [])}
      <p class="announcement-facts">
        <span>{standing}</span>
        <span>
          <Ago at={startsAt} now={now} /> by {createdBy}
        </span>
        <span>
          to owners of {selector === '' ? 'any node' : <a href={href(`/${listUrl(selector)}`)}>{selector}</a>}
        </span>
        {mails.all > 0 && <Mails mails={mails} />}
      </p>
      {(standing === 'shown now' || standing === 'to come') && (
        <Act path={`/admin/announcements/${id}/withdraw`} word="Withdraw" />
      )}
    </li>
  );
}

function Mails({ mails: { all, sent, failed } }: { mails: Announcement['mails'] }) {
  return (
    <span>
      {number(sent)} of {number(all)} e-mails sent{failed > 0 && `, ${number(failed)} not`}{' '}
      <progress max={all} value={sent + failed} aria-label="E-mails done with" />
    </span>
  );
}

function standingOf({ withdrawnAt, startsAt, endsAt }: Announcement, now: number): string {
  if (withdrawnAt !== undefined) return 'withdrawn';
  if (now < startsAt) return 'to come';
  return now < endsAt ? 'shown now' : 'over';
}
