import { AccountStore, Accounts } from '../accounts/index.ts';
import { systemClock } from '../clock.ts';
import { secureRandom } from '../secure-random.ts';
import { besideHub } from './beside.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub login-link [EMAIL]`: older unused links of the same e-mail end. */
export async function loginLink(context: CommandContext, email: string): Promise<void> {
  const link = await besideHub(context, ({ sql }, origin) =>
    new Accounts({
      store: new AccountStore(sql),
      clock: systemClock,
      random: secureRandom,
      publicUrl: origin,
    }).createLoginLink(email),
  );
  context.out(context.json ? JSON.stringify({ email, link }) : link);
}
