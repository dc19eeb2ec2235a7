import { SignerError } from '#error.ts';

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

type FieldType = 'string' | 'number' | 'number?';

const FIELDS: { readonly [K in Act['kind']]: Readonly<Record<string, FieldType>> } = {
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
export function parseEntry(value: unknown): Entry {
  if (isEntry(value)) return value;
  throw new SignerError(
    'journal_damaged',
    `the journal holds an entry that this version does not know: ${JSON.stringify(value).slice(0, 200)}`,
  );
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Record<string, unknown> = { ...value };
  const { kind, at } = fields;
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind) || !Number.isSafeInteger(at)) return false;
  const expected = FIELDS[kind as Act['kind']];
  return Object.entries(expected).every(([name, type]) => fits(fields[name], type));
}

function fits(value: unknown, type: FieldType): boolean {
  return type === 'number?' ? value === undefined || typeof value === 'number' : typeof value === type;
}
