import { Ago, Empty, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { LoggedDelivery } from './alert-reader.ts';
import { AlertPage, Older } from './pages.tsx';

const STATUS: Readonly<Record<string, string>> = {
  pending: 'waits',
  sending: 'being sent',
  retry: 'tried again',
  sent: 'delivered',
  failed: 'given up',
};

/** What was sent where, and what became of it. */
export function DeliveriesPage({
  deliveries,
  next,
  now,
}: {
  deliveries: readonly LoggedDelivery[];
  next: number | undefined;
  now: number;
}) {
  return (
    <AlertPage tab="deliveries" aside="a month of them">
      {deliveries.length === 0 ? (
        <Empty title="Nothing was sent yet">
          <p>
            Try a channel with <a href={href('/alerts/channels')}>Send test</a>.
          </p>
        </Empty>
      ) : (
        <Table
          caption="Deliveries, the newest first"
          columns={['Decided', 'Message', 'Channel', 'State', { word: 'Attempts', num: true }]}
        >
          {deliveries.map((delivery) => (
            <tr>
              <td>
                <Ago at={delivery.createdAt} now={now} />
              </td>
              <th scope="row">{delivery.title}</th>
              <td>{delivery.channel}</td>
              <td>
                <State delivery={delivery} now={now} />
              </td>
              <td class="num">{delivery.attempts}</td>
            </tr>
          ))}
        </Table>
      )}
      <Older path="/alerts/deliveries" query={{}} next={next} />
    </AlertPage>
  );
}

function State({ delivery, now }: { delivery: LoggedDelivery; now: number }) {
  const { status, sentAt, nextAt, lastError } = delivery;
  return (
    <>
      <span class={status === 'failed' || status === 'retry' ? 'warn' : undefined}>
        {STATUS[status] ?? status}
      </span>{' '}
      {sentAt !== undefined && <Ago at={sentAt} now={now} />}
      {(status === 'retry' || status === 'pending') && <Ago at={nextAt} now={now} />}
      {lastError !== undefined && <span class="sub">{lastError}</span>}
    </>
  );
}
