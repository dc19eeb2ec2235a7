import { type Artefact } from '@stoa/protocol';
export interface BuiltArtefacts {
  /** Where manifest and archives lie: `to`/VERSION. */
  readonly directory: string;
  readonly version: string;
  readonly artefacts: readonly Artefact[];
}
/** Makes what is not there yet, byte for byte the same from the same sources. @param by.level of gzip, 1 to 9 */
export declare function buildArtefacts(by: { to: string; level: number }): Promise<BuiltArtefacts>;
