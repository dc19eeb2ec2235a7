import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { createContractAdoption } from '../mint/index.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { requireChain, toolsDeps } from './mint.ts';

/** `stoa-hub mint contract adopt`. */
export async function adoptContract(context: CommandContext, { reason }: { reason: string }): Promise<void> {
  const chain = requireChain(context);
  const adopted = await besideHub(context, ({ sql }) => {
    const audit = new AuditLog({ sql, clock: systemClock });
    return createContractAdoption({ ...toolsDeps(context, sql), ...chain }).run(async (tx, { from, to }) => {
      const detail = { from, to, reason };
      await audit.appendIn(tx, { actor: COMMAND_LINE, act: 'mint.adopt', subject: '', detail });
    });
  });
  if (context.json)
    return context.out(JSON.stringify({ ok: true, adopted: adopted !== undefined, ...adopted }));
  context.out(
    adopted === undefined
      ? 'It is the present contract already.'
      : `${adopted.to} instead of ${adopted.from}: accounts are enrolled there anew by whoever leads with it.`,
  );
}
