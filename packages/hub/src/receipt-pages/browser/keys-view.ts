import { toHex } from '@stoa/protocol';
import { portableCrypto } from '@stoa/protocol/portable';
import type { EvidenceFile, EvidenceParties } from '@stoa/protocol/stoicism';
import { element } from './element.ts';

export interface RootWords {
  /** Fingerprint that this hub names, hex. */
  readonly named: string;
  /** The reader typed it. */
  readonly typed: boolean;
}

/** Which keys all of it goes back to, and from where this page has them. */
export function keysView(
  file: EvidenceFile,
  { nodeKey }: EvidenceParties,
  { named, typed }: RootWords,
): HTMLElement {
  const root = toHex(portableCrypto.hash(file.rootKey));
  const rows = [
    {
      name: 'Root',
      value: root,
      text: typed
        ? `The one that you typed. ${root === named ? 'This hub names the same.' : `This hub names another: ${named}.`}`
        : 'The file and this hub name the same. You typed none: compare it with what the node printed when it joined.',
    },
    {
      name: `Region ${file.region}`,
      value: 'its certificates stand beside each signature',
      text: 'Signed by the root. It certifies the hub’s instances, which sign receipts and roots, for seven days at most.',
    },
    {
      name: 'Node',
      value: toHex(file.nodeId),
      text:
        nodeKey === undefined
          ? 'The file has no certificate of its key: what the node signed is read and not verified.'
          : `It signs checkpoints under the key ${toHex(nodeKey)}: ${
              file.credential === undefined ? 'its id is the hash of that' : 'the region certified that'
            }.`,
    },
  ];
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'keys-verified' },
    element('header', {}, element('h2', { id: 'keys-verified' }, 'Whose keys these are')),
    element(
      'dl',
      { class: 'facts' },
      ...rows.flatMap(({ name, value, text }) => [
        element('dt', {}, name),
        element('dd', {}, element('code', {}, value), element('p', { class: 'sub' }, text)),
      ]),
    ),
  );
}
