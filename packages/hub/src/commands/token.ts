import { nodeCrypto } from '@stoa/protocol/node';
import { connectSigner } from '@stoa/signer/client';
import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { JoinTokens } from '../nodes/index.ts';
import { secureRandom } from '../secure-random.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import { type CommandContext, paths } from './context.ts';

export interface TokenOptions {
  readonly owner: string;
  readonly label?: string;
  readonly uses: string;
  /** Minutes. */
  readonly ttl: string;
}

/** `stoa-hub token new`: the token is a secret, shown once. */
export async function newToken(context: CommandContext, options: TokenOptions): Promise<void> {
  const uses = wholeNumber('--uses', options.uses, 100_000);
  const ttlMs = wholeNumber('--ttl', options.ttl, 7 * 24 * 60) * 60_000;
  const owner = options.owner.trim().toLowerCase();
  const signer = connectSigner({ socketPath: paths(context.config).signerSocket });
  try {
    const { region, rootFingerprint } = await signer.chain();
    const token = await besideHub(context, ({ sql }, origin) =>
      new JoinTokens({
        sql,
        clock: systemClock,
        random: secureRandom,
        crypto: nodeCrypto,
        hub: { origin, region, rootFingerprint },
      }).create(
        {
          owner,
          createdBy: COMMAND_LINE,
          uses,
          ttlMs,
          ...(options.label === undefined ? {} : { label: options.label }),
        },
        (tokenId) =>
          new AuditLog({ sql, clock: systemClock }).append({
            actor: COMMAND_LINE,
            act: 'token.create',
            subject: tokenId,
            owner,
            detail: { label: options.label, uses, ttlMs },
          }),
      ),
    );
    context.out(context.json ? JSON.stringify({ token, uses, ttlMs }) : token);
  } finally {
    await signer.close();
  }
}

function wholeNumber(option: string, text: string, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new HubError('bad_option', `${option}=${text}: a whole number from 1 to ${most} expected`, {
      retry: false,
    });
  return number;
}
