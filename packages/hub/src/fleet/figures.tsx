import type { Child } from 'hono/jsx';
import type { Census, Instant } from '#nodes/index.ts';
import { number, tenths } from '../console/format.ts';

/** A census in one line beside the title of a page; what stands inside follows the number of nodes. */
export function Figures({
  census: { total, heard, simulated },
  at,
  id,
  children,
}: {
  census: Pick<Census, 'total' | 'heard' | 'simulated'>;
  at: Pick<Instant, 'intervalMs'>;
  id?: string;
  children?: Child;
}) {
  return (
    <p class="pulse" id={id}>
      <span>
        <strong>{number(total)}</strong> {total === 1 ? 'node' : 'nodes'}
      </span>
      {children}
      <span title="Nodes heard from within the last heartbeat interval">
        <strong>{tenths(heard / (at.intervalMs / 1_000))}</strong> heartbeats/s
      </span>
      {simulated > 0 && (
        <span>
          <strong>{number(simulated)}</strong> simulated
        </span>
      )}
    </p>
  );
}
