import { equalBytes, toHex } from '../bytes.ts';
import { decode } from '../codec/codec.ts';
import type { Signatures } from '../crypto/suite.ts';
import type { RegionTrust } from '../evidence/hour-signer.ts';
import {
  type OpenedRoot,
  openReceiptRoot,
  rootGeneration,
  signedReceiptRoot,
} from '../evidence/settled-receipt.ts';
import type { Finding } from './finding.ts';
import { Findings } from './findings.ts';
import { instanceName } from './verify-documents.ts';

/**
 * A region's published roots, from wherever they come: each signed by one of its instances, one for each pass of an hour,
 * and each naming the one before it, as far as that is here.
 * @param payloads `signedReceiptRoot`, encoded; in any order, the same one as often as it comes.
 */
export function verifyRoots(
  payloads: readonly Uint8Array[],
  trust: RegionTrust,
  crypto: Signatures,
): Finding[] {
  const all: Finding[] = [];
  const opened: Rooted[] = [];
  for (const payload of payloads) {
    const unread = new Findings(0);
    const one = unread.attempt({ subject: 'roots', fault: 'root-unsigned' }, () => {
      const signed = decode(signedReceiptRoot, payload);
      return { ...openReceiptRoot(signed, trust, crypto), hash: crypto.hash(signed.root) };
    });
    if (one === undefined) all.push(...unread.all);
    else if (!opened.some(({ hash }) => equalBytes(hash, one.hash))) opened.push(one);
  }
  opened.sort(
    (a, b) => a.root.hubHour - b.root.hubHour || a.root.pass - b.root.pass || a.root.number - b.root.number,
  );
  for (const one of opened) {
    const findings = new Findings(one.root.hubHour);
    const rival = opened.find((other) => other !== one && contradicts(one, other));
    const later = opened.find((other) => isSamePass(one, other) && generationOf(other) > generationOf(one));
    const signer = instanceName(one.instance);
    const name = `pass ${one.root.pass} of hour ${one.root.hubHour}`;
    if (rival !== undefined)
      findings.differs({
        ...{ subject: 'roots', fault: 'two-roots', signer },
        expected: `root ${rival.root.number} ${toHex(rival.root.root)}`,
        found: `root ${one.root.number} ${toHex(one.root.root)}`,
        text: `${signer} and ${instanceName(rival.instance)} signed roots that exclude each other: ${name}`,
      });
    else if (later !== undefined)
      findings.restsOn(instanceName(later.instance), {
        subject: 'roots',
        text: `root ${later.root.number} stands for ${name} since the region’s database was restored, in place of root ${one.root.number}`,
      });
    else findings.match({ subject: 'roots', signer, text: `root ${one.root.number} stands for ${name}` });
    all.push(...findings.all);
  }
  return all;
}

type Rooted = OpenedRoot & { hash: Uint8Array };

/** Two for one pass, two of one number, or a successor that names another predecessor. A restore may replace what was before it. */
function contradicts(a: Rooted, b: Rooted): boolean {
  const [first, next] = a.root.number < b.root.number ? [a, b] : [b, a];
  const broken = next.root.number === first.root.number + 1 && !equalBytes(next.root.previous, first.hash);
  const twice = isSamePass(a, b) && generationOf(a) === generationOf(b);
  return twice || a.root.number === b.root.number || broken;
}

function isSamePass(a: OpenedRoot, b: OpenedRoot): boolean {
  return a.root.hubHour === b.root.hubHour && a.root.pass === b.root.pass;
}

function generationOf({ root }: OpenedRoot): number {
  return rootGeneration(root);
}
