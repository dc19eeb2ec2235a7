import { dayText } from '#mint/index.ts';
import { control, Field } from '../console/form.tsx';
import { Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { isEnded, type Sweep } from './sweep.ts';

/** What a person may do: nothing of it mints, and each takes a reason and a recent proof of presence. */
export function Acts({ sweep }: { sweep: Sweep }) {
  // Of an ended day nothing goes on; enrolments are of no day, and hold their chains up.
  const stopped = stoppedOf(sweep);
  if (isEnded(sweep) && stopped === 0) return null;
  const path = href(`/admin/mint/${dayText(sweep.epoch)}/act`);
  return (
    <Panel id="acts" title="By hand" aside="kept in the audit log">
      {sweep.state === 'cancelling' && (
        <p>It is being cancelled: it ends once nothing of it can be mined any more.</p>
      )}
      {stopped > 0 && (
        <form method="post" class="form" action={path}>
          <p>
            What failed gets its next attempt. An enrolment or a closing whose five attempts are spent begins
            five more: none of the old ones can be mined any more, and the contract takes its content once.
          </p>
          <Reason id="resume-reason" label="Why it may go on" hint="what was looked at" />
          <button type="submit" name="act" value="resume" class="primary">
            Let what is stopped go on
          </button>
        </form>
      )}
      {sweep.state === 'running' && (
        <details>
          <summary>Cancel the day</summary>
          <form method="post" class="form" action={path}>
            <p>
              Nothing more of it is signed. What is on chain stays minted; of what can never be mined any more
              the points go back to Current, for the next day.
            </p>
            <Reason id="cancel-reason" label="Why" hint="told to whoever finds it cancelled" />
            <button type="submit" name="act" value="cancel" class="primary is-grave">
              Cancel {dayText(sweep.epoch)}
            </button>
          </form>
        </details>
      )}
    </Panel>
  );
}

function stoppedOf(sweep: Sweep): number {
  const stopped = sweep.transactions.filter(({ state }) => state === 'stopped');
  return stopped.filter(({ kind }) => kind === 'enrol' || !isEnded(sweep)).length;
}

function Reason({ id, label, hint }: { id: string; label: string; hint: string }) {
  return (
    <Field name={id} label={label} hint={hint}>
      <input {...control(id, undefined, true)} name="reason" maxlength={200} required autocomplete="off" />
    </Field>
  );
}
