import { Accounts } from '../accounts/index.ts';
import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { createLog } from '../log.ts';
import { createLogMailer } from '../seams/mailer/index.ts';
import { secureRandom } from '../secure-random.ts';
import { besideHub } from './beside.ts';
import type { CommandContext } from './context.ts';

const LIFE_MS = 3_600_000;

/** `stoa-hub admin reset-link EMAIL`: for who can't get mail, or where none can be sent. */
export async function resetLink(context: CommandContext, named: string): Promise<void> {
  const email = named.trim().toLowerCase();
  const { config } = context;
  const link = await besideHub(context, async ({ sql }, publicUrl) => {
    const audit = new AuditLog({ sql, clock: systemClock });
    const accounts = await Accounts.open({
      sql,
      audit,
      publicUrl,
      clock: systemClock,
      random: secureRandom,
      log: createLog({ level: config.logLevel }),
      mailer: createLogMailer({ write: context.out }),
      signUp: config.signUp,
      adminEmail: config.adminEmail,
      addressOf: () => 'unknown',
    });
    const user = await accounts.store.user(email);
    if (user === undefined)
      throw new HubError(
        'no_account',
        `no account has the e-mail ${email}: invite it, or make a link with \`stoa-hub login-link\``,
        {
          retry: false,
        },
      );
    await audit.append({ actor: 'hub', act: 'account.reset_link', subject: email, owner: email });
    return new URL(`/reset/${await accounts.createResetToken(user.id, LIFE_MS)}`, publicUrl).href;
  });
  context.out(context.json ? JSON.stringify({ email, link }) : link);
}
