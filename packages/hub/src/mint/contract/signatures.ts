import { fromBase64Url, fromHex } from '@stoa/protocol';
import { requestKey } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { MintFault } from '../error.ts';
import type { SignedCommand } from '../signer.ts';
import type { CommandPart } from './files.ts';

/** What holders signed apart, as one command: the same text in all parts, and for each signer a signature that holds. @throws MintFault `bad_contract` */
export function joinSignatures(parts: readonly CommandPart[]): SignedCommand {
  const [first] = parts;
  if (first === undefined) throw bad('no command is there to send');
  const { cmd, sigs } = first;
  const hash = requestKey(cmd);
  const stranger = parts.find((part) => part.cmd !== cmd || part.hash !== hash);
  if (stranger !== undefined)
    throw bad(`'${stranger.hash}' is another command than '${hash}': join parts of one`);
  const message = fromBase64Url(hash);
  const joined = sigs.map(({ pubKey }) => {
    const verify = nodeCrypto.verifier(fromHex(pubKey));
    const sig = parts
      .flatMap((part) => part.sigs)
      .find(
        (each) => each.pubKey === pubKey && isSignature(each.sig) && verify(message, fromHex(each.sig)),
      )?.sig;
    if (!isSignature(sig))
      throw bad(`no signature of ${pubKey} that holds for '${hash}': it has to be signed by that key`);
    return { sig };
  });
  return { cmd, hash, sigs: joined };
}

function isSignature(sig: string | null | undefined): sig is string {
  return typeof sig === 'string' && /^[0-9a-f]{128}$/i.test(sig);
}

function bad(message: string): MintFault {
  return new MintFault('bad_contract', message);
}
