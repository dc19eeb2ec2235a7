import { nodeCrypto } from '@stoa/protocol/node';
import { iso } from '../console/format.ts';
import { HubError } from '../error.ts';
import { hourReport, type InstanceHour } from '../gates/index.ts';
import { hubHourOf, startOf } from '../hub-hour.ts';
import { besideHub } from './beside.ts';
import type { CommandContext } from './context.ts';
import { instanceChain } from './instance-party.ts';
import { table } from './table.ts';

/** `stoa-hub ledger roots HOUR`: whose words an hour was closed by, and whether they are as they were signed. */
export async function showRoots(context: CommandContext, text: string): Promise<void> {
  const hubHour = hourIn(text);
  const { root } = await instanceChain(context);
  const { region } = context.config;
  const found = await besideHub(context, ({ sql }) =>
    hourReport({ sql, region, root, crypto: nodeCrypto }, hubHour),
  );
  const faults = found.filter(({ fault }) => fault !== undefined);
  const hour = iso(startOf(hubHour));
  if (context.json) context.out(JSON.stringify({ ok: faults.length === 0, hubHour, hour, instances: found }));
  else if (found.length === 0)
    context.out(`Nothing is kept of the hour from ${hour} on: minutes are for a week.`);
  else for (const line of table(['INSTANCE', 'WORDS', 'STANDS'], found.map(row))) context.out(line);
  if (faults.length > 0)
    throw new HubError(
      'roots_differ',
      `${faults.length} of ${found.length} instances: the words are not what was signed, and pay nobody`,
      { retry: faults.every(({ fault }) => fault === 'unsigned') },
    );
}

function row({ instanceId, words, fault }: InstanceHour): string[] {
  return [instanceId, String(words), fault ?? 'as signed'];
}

/** Like `2026-11-26T17`, by UTC, or the number that the ledger has. */
function hourIn(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}$/.test(text) ? Date.parse(`${text}:00:00Z`) : Number.NaN;
  if (Number.isNaN(at))
    throw new HubError('bad_option', `'${text}': an hour like 2026-11-26T17 (UTC) or its number expected`, {
      retry: false,
    });
  return hubHourOf(at);
}
