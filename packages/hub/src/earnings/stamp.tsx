import { formatPoints } from '@stoa/protocol/stoicism';
import { grouped } from '../console/format.ts';

/** While the ledger runs in shadow: whoever sees a number must not take it for money. */
export function TestStamp({ mode }: { mode: 'shadow' | 'live' }) {
  if (mode === 'live') return null;
  return (
    <p class="stamp">
      <strong>TEST</strong> without value on chain until the ledger goes live
    </p>
  );
}

/** Units as points, all of their decimals; the part behind the point steps back. */
export function Points({ units }: { units: bigint }) {
  const [whole, fraction] = formatPoints(units).split('.');
  return (
    <span class="points">
      {grouped(whole ?? '0')}
      {fraction !== undefined && <span class="points-fraction">.{fraction}</span>}
    </span>
  );
}

/** A difference with its sign. */
export function signed(units: bigint): string {
  return units > 0n ? `+${formatPoints(units)}` : formatPoints(units).replace('-', '−');
}

/** 2026-11-26, of whole days since 1970. */
export function dayName(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

/** 14:00, of whole hours since 1970. */
export function hourName(hubHour: number, minute = 0): string {
  return new Date((hubHour * 60 + minute) * 60_000).toISOString().slice(11, 16);
}
