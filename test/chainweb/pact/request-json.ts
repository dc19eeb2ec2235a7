import type { SignedCommand } from './command.ts';

/** @returns undefined for what is no JSON */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns undefined for what has not the shape of a command */
export function signedIn(value: unknown): SignedCommand | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cmd, hash, sigs } = value as Partial<SignedCommand>;
  const whole = typeof cmd === 'string' && typeof hash === 'string' && Array.isArray(sigs);
  return whole && sigs.every((each) => typeof each?.sig === 'string') ? { cmd, hash, sigs } : undefined;
}

export function textsIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}
