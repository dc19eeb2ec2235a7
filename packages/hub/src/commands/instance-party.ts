import { type HubParty, peekInstanceCert } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { keptChain } from '../gateway/index.ts';
import { loadInstanceKey } from '../instance-key.ts';
import { PrivateFile } from '../private-file.ts';
import { secureRandom } from '../secure-random.ts';
import { type CommandContext, paths } from './context.ts';

/** Certificates of this instance as it kept them last: a command asks the signer for none. @throws HubError `hub_unknown`. */
export async function instanceChain({ config }: CommandContext): Promise<HubParty['chain']> {
  const { instanceChain: path } = paths(config);
  const kept = await new PrivateFile(path).load();
  if (kept === undefined)
    throw new HubError('hub_unknown', `${path} is not there: start the hub once, it gets a certificate`, {
      retry: true,
    });
  return keptChain(kept);
}

/** By what a command signs in the name of this instance. @throws HubError `hub_unknown`, `certificate_expired`. */
export async function instanceParty(context: CommandContext): Promise<Pick<HubParty, 'key' | 'chain'>> {
  const chain = await instanceChain(context);
  const { notAfter } = peekInstanceCert(chain.instance);
  if (notAfter <= systemClock.now())
    throw new HubError(
      'certificate_expired',
      `the certificate of this instance ended at ${new Date(notAfter).toISOString()}: start the hub, it renews it`,
      { retry: true },
    );
  const { instanceKey } = paths(context.config);
  const key = await loadInstanceKey(instanceKey, { crypto: nodeCrypto, random: secureRandom });
  return { key, chain };
}
