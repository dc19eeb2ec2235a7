import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MintFault } from '../error.ts';
import type { ContractPlace, UnsignedCommand } from './deploy.ts';
import { requireKeys } from './keysets.ts';

const key = z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits, lower case');
export const keysetSchema = z.strictObject({
  keys: z.array(key),
  pred: z.enum(['keys-all', 'keys-2']),
});
const placeSchema = z.strictObject({
  networkId: z.string().min(1),
  namespace: z.string(),
  gov: keysetSchema,
  minter: key,
  payer: z.strictObject({ account: z.string().min(1), publicKey: key }),
});
const partSchema = z.strictObject({
  cmd: z.string(),
  hash: z.string(),
  sigs: z.array(z.strictObject({ pubKey: key, sig: z.string().nullish() })),
});

/** A command on its way between holders: each adds a signature to a copy of it. */
export type CommandPart = z.infer<typeof partSchema>;

/** The text of the module; in a bundle it lies beside the program. */
export async function readContract(): Promise<string> {
  return readFile(new URL('./register.pact', import.meta.url), 'utf8');
}

/** Who governs, mints and pays, as people agreed on it. @throws MintFault `bad_keys` | `bad_contract` */
export async function readPlace(path: string): Promise<ContractPlace> {
  const place = await readJson(path, placeSchema);
  requireKeys(place);
  return place;
}

/** @throws MintFault `bad_contract` */
export async function readKeyset(path: string): Promise<z.infer<typeof keysetSchema>> {
  return readJson(path, keysetSchema);
}

/** @throws MintFault `bad_contract` */
export async function readPart(path: string): Promise<CommandPart> {
  return readJson(path, partSchema);
}

/** @returns its path. @throws MintFault `bad_contract` where there is such a file: what was handed on is never another. */
export async function writeCommand(dir: string, name: string, command: UnsignedCommand): Promise<string> {
  const path = join(dir, name);
  await mkdir(dir, { recursive: true });
  await writeFile(path, `${JSON.stringify(command)}\n`, { flag: 'wx' }).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause;
      throw new MintFault(
        'bad_contract',
        `${path} is there already: take another folder, or remove it if nobody signed it`,
        {
          cause,
        },
      );
    },
  );
  return path;
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MintFault('bad_contract', `${path} can't be read`, { cause });
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? cause.issues.map(told).join('; ') : 'it is no JSON';
    throw new MintFault('bad_contract', `${path} is not what is expected there: ${why}`, { cause });
  }
}

function told({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
