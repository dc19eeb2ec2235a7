import { entryParser, type FieldsByKind } from '#journal/entry-parser.ts';

/** One act of a region's signer. Times are ms since 1970, byte strings hex; nothing here is secret. */
export type Act =
  | { readonly kind: 'opened'; readonly region: string }
  | { readonly kind: 'clock-accepted'; readonly previous: number }
  | { readonly kind: 'certificates-installed'; readonly serial: number; readonly notAfter: number }
  | {
      readonly kind: 'instance-registered';
      readonly instance: string;
      readonly publicKey: string;
      readonly orderedAt: number;
    }
  | {
      readonly kind: 'instance-retired';
      readonly instance: string;
      readonly minInstanceSerial: number;
      readonly orderedAt: number;
    }
  | {
      readonly kind: 'instance-certified';
      readonly instance: string;
      readonly publicKey: string;
      readonly serial: number;
      readonly notAfter: number;
    }
  | {
      readonly kind: 'node-enrolled';
      readonly nodeId: string;
      readonly tokenId: string;
      readonly ownerGeneration: number;
    }
  | {
      readonly kind: 'node-rotated';
      readonly nodeId: string;
      readonly publicKey: string;
      readonly keyGeneration: number;
      /** Generation of the key that asked; where it is absent, the one before. */
      readonly replaces?: number;
    }
  | {
      readonly kind: 'admin-key-added';
      readonly admin: string;
      readonly publicKey: string;
      readonly orderedAt: number;
    }
  | { readonly kind: 'admin-key-removed'; readonly admin: string; readonly orderedAt: number }
  | {
      readonly kind: 'admin-key-certified';
      readonly admin: string;
      readonly publicKey: string;
      readonly notAfter: number;
    }
  | { readonly kind: 'node-refused'; readonly nodeId: string; readonly reason: string }
  | { readonly kind: 'artefacts-signed'; readonly version: string; readonly manifest: string }
  | { readonly kind: 'time-signed'; readonly minInstanceSerial: number };

export type Entry = Act & { readonly at: number };

const FIELDS: FieldsByKind<Act['kind']> = {
  opened: { region: 'string' },
  'clock-accepted': { previous: 'number' },
  'certificates-installed': { serial: 'number', notAfter: 'number' },
  'instance-registered': { instance: 'string', publicKey: 'string', orderedAt: 'number' },
  'instance-retired': { instance: 'string', minInstanceSerial: 'number', orderedAt: 'number' },
  'instance-certified': { instance: 'string', publicKey: 'string', serial: 'number', notAfter: 'number' },
  'node-enrolled': { nodeId: 'string', tokenId: 'string', ownerGeneration: 'number' },
  'node-rotated': { nodeId: 'string', publicKey: 'string', keyGeneration: 'number', replaces: 'number?' },
  'admin-key-added': { admin: 'string', publicKey: 'string', orderedAt: 'number' },
  'admin-key-removed': { admin: 'string', orderedAt: 'number' },
  'admin-key-certified': { admin: 'string', publicKey: 'string', notAfter: 'number' },
  'node-refused': { nodeId: 'string', reason: 'string' },
  'artefacts-signed': { version: 'string', manifest: 'string' },
  'time-signed': { minInstanceSerial: 'number' },
};

/** @throws SignerError `journal_damaged` for what this version never wrote. */
export const parseEntry: (value: unknown) => Entry = entryParser<Entry>(FIELDS);
