import { ProtocolError } from '../errors.ts';
import type { Finding } from './finding.ts';

type Told = Omit<Finding, 'hubHour' | 'what' | 'expected' | 'found'> &
  Partial<Pick<Finding, 'expected' | 'found'>>;

/** What is found about one hour, in the order in which it was looked for. */
export class Findings {
  readonly all: Finding[] = [];
  readonly #hubHour: number;

  constructor(hubHour: number) {
    this.#hubHour = hubHour;
  }

  match(told: Omit<Told, 'fault'>): void {
    this.#add('match', told);
  }

  differs(told: Told & Required<Pick<Finding, 'fault' | 'expected' | 'found'>>): void {
    this.#add('differs', told);
  }

  restsOn(signer: string, told: Omit<Told, 'fault' | 'signer'>): void {
    this.#add('rests-on', { ...told, signer });
  }

  missing(told: Omit<Told, 'fault'>): void {
    this.#add('missing', told);
  }

  /** What cannot be opened is a finding, and nothing is concluded from it. */
  attempt<T>(told: Omit<Told, 'text'> & Required<Pick<Finding, 'fault'>>, open: () => T): T | undefined {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.differs({ ...told, expected: 'a document that opens', found: error.code, text: error.message });
      return undefined;
    }
  }

  #add(what: Finding['what'], told: Told): void {
    this.all.push({ hubHour: this.#hubHour, what, expected: '', found: '', ...told });
  }
}

/** `0-11, 14`: minutes of the hour. */
export function formatMinutes(word: bigint): string {
  const runs: string[] = [];
  for (let minute = 0; minute < 60; minute += 1) {
    if (!hasMinute(word, minute)) continue;
    const first = minute;
    while (minute < 59 && hasMinute(word, minute + 1)) minute += 1;
    runs.push(first === minute ? String(first) : `${first}-${minute}`);
  }
  return runs.length === 0 ? 'none' : runs.join(', ');
}

export function hasMinute(word: bigint, minute: number): boolean {
  return ((word >> BigInt(minute)) & 1n) === 1n;
}
