import { control, type Faults, Field, type Typed, typedOf } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Facts, Table } from '../console/parts.tsx';
import { hubHourOf, startOf } from '../hub-hour.ts';
import type { Choice } from './choice-store.ts';

export interface Refused {
  readonly typed: Typed;
  readonly faults: Faults;
}

/** An account whole: who compares it must see all of it. */
export function AccountName({ account }: { account: string }) {
  return <code class="account">{account}</code>;
}

/** Enough to tell one from another in a table. */
export function shortAccount(account: string): string {
  const characters = [...account];
  return characters.length <= 24
    ? account
    : `${characters.slice(0, 12).join('')}…${characters.slice(-8).join('')}`;
}

/** The field into which an account is pasted. */
export function AccountField({ refused, hint }: { refused: Refused | undefined; hint: string }) {
  const fault = refused?.faults['account'];
  return (
    <Field name="account" label="Account" fault={fault} hint={hint}>
      <textarea
        {...control('account', fault, true)}
        rows={4}
        maxlength={1_000}
        required
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
      >
        {typedOf(refused?.typed, 'account')}
      </textarea>
    </Field>
  );
}

/** What was chosen: what holds, what will, and what did. */
export function Choices({ choices, now, none }: { choices: readonly Choice[]; now: number; none: string }) {
  const hour = hubHourOf(now);
  const standing = choices.find(({ fromHour }) => fromHour <= hour);
  const coming = choices[0]?.fromHour === hour + 1 ? choices[0] : undefined;
  const facts = [
    {
      name: 'Now',
      value: standing?.account === undefined ? none : <AccountName account={standing.account} />,
    },
    ...(coming === undefined
      ? []
      : [
          {
            name: 'Next hour',
            value: coming.account === undefined ? none : <AccountName account={coming.account} />,
          },
        ]),
  ];
  return <Facts facts={facts} />;
}

export function History({ choices, caption }: { choices: readonly Choice[]; caption: string }) {
  return (
    <Table caption={caption} columns={['From', 'Account', 'Chosen by', 'At']}>
      {choices.map(({ account, fromHour, setBy, setAt }) => (
        <tr>
          <th scope="row">{absolute(startOf(fromHour))}</th>
          <td>{account === undefined ? 'none' : <code title={account}>{shortAccount(account)}</code>}</td>
          <td>{setBy}</td>
          <td>{absolute(setAt)}</td>
        </tr>
      ))}
    </Table>
  );
}
