import { Act } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { startOf } from '../hub-hour.ts';
import type { Tunnel } from './tunnel-store.ts';
import { formatPermille } from './tunnels.ts';

export function standingOf({ endedAt, untilHour, fromHour, agreedAt }: Tunnel): string {
  if (endedAt !== undefined)
    return agreedAt === undefined
      ? `ended ${absolute(endedAt)}, never agreed`
      : `until ${absolute(startOf(untilHour ?? 0))}`;
  return fromHour === undefined ? 'waits for the tunnel’s owner' : `from ${absolute(startOf(fromHour))} on`;
}

/** Agreements on either side of a person. */
export function TunnelTable({ tunnels, email }: { tunnels: readonly Tunnel[]; email: string }) {
  return (
    <Table caption={`Tunnels of ${email}`} columns={['Node', 'Its owner', 'Tunnel of', 'Fee', 'Stands']} acts>
      {tunnels.map((tunnel) => (
        <tr>
          <th scope="row">
            {tunnel.nodeOwner === email ? (
              <a href={href(`/nodes/${tunnel.nodeId}/payout`)}>{tunnel.label}</a>
            ) : (
              tunnel.label
            )}
          </th>
          <td>{tunnel.nodeOwner === email ? 'you' : tunnel.nodeOwner}</td>
          <td>{tunnel.tunnelOwner === email ? 'you' : tunnel.tunnelOwner}</td>
          <td class="num">{formatPermille(tunnel.permille1)}</td>
          <td>{standingOf(tunnel)}</td>
          <td>
            <TunnelActs tunnel={tunnel} email={email} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

export function TunnelActs({ tunnel, email }: { tunnel: Tunnel; email: string }) {
  if (tunnel.endedAt !== undefined) return null;
  const isOpen = tunnel.agreedAt === undefined;
  const isTunnels = tunnel.tunnelOwner === email;
  const other = isTunnels ? 'Decline' : 'Take back';
  return (
    <div class="acts">
      {isOpen && isTunnels && (
        <Act path={`/payout/tunnels/${tunnel.tunnelId}/agree`} word="Agree" tone="primary" />
      )}
      <Act path={`/payout/tunnels/${tunnel.tunnelId}/end`} word={isOpen ? other : 'End it'} />
    </div>
  );
}
