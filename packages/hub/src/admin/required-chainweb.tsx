import { z } from 'zod';
import { isVersion, outdatedUrl, type RequiredChainweb } from '#nodes/index.ts';
import { Act, control, type Faults, Field, FormFault, line, type Typed, typedOf } from '../console/form.tsx';
import { Facts, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';

const DAY_MS = 86_400_000;
const FURTHEST_MS = 730 * DAY_MS;

export const REQUIRED_CHAINWEB_PATH = '/admin/system/chainweb';

/** What an admin types: a version, and the day (UTC) that it is required by. */
export function requiredChainweb(now: number): z.ZodType<Omit<RequiredChainweb, 'setAt'>> {
  return z.strictObject({
    version: line(32).trim().refine(isVersion, 'a version as 2.27 or 2.27.1'),
    by: z
      .string('a day as 2026-12-24')
      .transform(instantOf)
      .refine(
        (by) => by > now - DAY_MS && by < now + FURTHEST_MS,
        'a day from today on, two years ahead at most',
      ),
  });
}

export interface RequiredChainwebView {
  readonly required: RequiredChainweb | undefined;
  readonly typed?: Typed | undefined;
  readonly faults?: Faults | undefined;
}

/** The version of chainweb-node that every node is to run by a date. */
export function RequiredChainwebPanel({ required, typed, faults = {} }: RequiredChainwebView) {
  const shown = typed ?? (required && { version: required.version, by: dayOf(required.by) });
  return (
    <Panel id="chainweb" title="Required chainweb-node">
      <div class="stack">
        {required === undefined ? (
          <p>None is required. Ahead of a fork, say which version nodes must run by when.</p>
        ) : (
          <Facts
            facts={[
              { name: 'Required', value: `${required.version} by ${dayOf(required.by)}` },
              { name: 'Older', value: <a href={href(`/${outdatedUrl(required)}`)}>the nodes below it</a> },
              { name: 'Alerts', value: 'owners of older nodes: a warning now, critical from 7 days before' },
            ]}
          />
        )}
        <form method="post" action={href(REQUIRED_CHAINWEB_PATH)} class="form-row">
          <FormFault faults={faults} />
          <Field name="version" label="Version" fault={faults['version']}>
            <input
              {...control('version', faults['version'])}
              value={typedOf(shown, 'version')}
              placeholder="2.27"
              maxlength={32}
              autocomplete="off"
              required
            />
          </Field>
          <Field name="by" label="By (UTC)" fault={faults['by']}>
            <input {...control('by', faults['by'])} type="date" value={typedOf(shown, 'by')} required />
          </Field>
          <button type="submit" class="quiet">
            Require it
          </button>
        </form>
        {required !== undefined && <Act path={`${REQUIRED_CHAINWEB_PATH}/withdraw`} word="Require none" />}
      </div>
    </Panel>
  );
}

export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** NaN for what is no day, the 31st of February too. */
function instantOf(text: string): number {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) || dayOf(at) !== text ? Number.NaN : at;
}
