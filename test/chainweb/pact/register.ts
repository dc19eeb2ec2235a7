import { readFileSync } from 'node:fs';
import { interpretModule } from './interpreter/module.ts';
import type { Guard, PactModule } from './module.ts';

export interface RegisterOptions {
  /** With its namespace. */
  readonly name: string;
  readonly hash: string;
  /** The key that mints, as governance named it. */
  readonly minter: Guard;
  /** The keyset that governs; nobody without. */
  readonly gov?: Guard;
  /** Slots that are enrolled on every chain from the start; none without. Whose they are stands nowhere. */
  readonly enrolled?: number;
}

const NOBODY: Guard = { pred: 'keys-any', keys: [] };
const CONTRACT = new URL('../../../packages/hub/src/mint/contract/register.pact', import.meta.url);
let text: string | undefined;

/** The register as it is after its deployment: the contract's own text, interpreted. */
export function registerModule({
  name,
  hash,
  minter,
  gov = NOBODY,
  enrolled = 0,
}: RegisterOptions): PactModule {
  text ??= readFileSync(CONTRACT, 'utf8');
  const namespace = name.slice(0, name.lastIndexOf('.'));
  const rows = {
    settings: { minter: { guard: { ...minter } } },
    ...(enrolled > 0 && { counter: { slots: { next: enrolled } } }),
  };
  const module = interpretModule(text, { namespace, hash, keysets: { 'stoic.gov': gov }, rows });
  return { ...module, keysets: { [`${namespace}.gov`]: gov } };
}
