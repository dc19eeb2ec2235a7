import { LoginLinks } from '../accounts/index.ts';
import { systemClock } from '../clock.ts';
import { secureRandom } from '../secure-random.ts';
import { besideHub } from './beside.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub login-link [EMAIL]`: older unused links of the same e-mail end. */
export async function loginLink(context: CommandContext, named: string | undefined): Promise<void> {
  const email = (named ?? context.config.adminEmail).trim().toLowerCase();
  const link = await besideHub(context, ({ sql }, origin) =>
    new LoginLinks({ sql, clock: systemClock, random: secureRandom, publicUrl: origin }).create(email),
  );
  context.out(context.json ? JSON.stringify({ email, link }) : link);
}
