import type { Site } from './site.ts';

/** One thing that goes wrong, and what must hold after it. @throws CaseFailure, or an assertion's error, where it does not. */
export interface OtaCase {
  /** Begins with the numbers of the failure list that it is about. */
  readonly name: string;
  /** Cheap enough for every change. */
  readonly quick?: boolean;
  run(site: Site): Promise<void>;
}
