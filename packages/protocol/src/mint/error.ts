const RETRY = {
  /** The cut does not hold what a cut must hold: its chains, its day. */
  bad_cut: false,
  /** Points that are no whole number of 0 or more. */
  bad_points: false,
  /** Points at a slot that is not final on its chain: nobody could be credited. */
  unknown_slot: false,
  /** One account, or one chain's epoch, is above what the contract takes: a person looks at it first. */
  above_cap: false,
  /** A single bucket is past the limits of a transaction: the limits are wrong. */
  does_not_fit: false,
  /** A command outside of the widths that plans reckon with, or with what could leave its place in the text. */
  bad_setting: false,
  /** Deltas, accounts or bounds that the contract would refuse. */
  bad_act: false,
} as const;

export type MintErrorCode = keyof typeof RETRY;

/** Something that nobody may mint. The same input fails again, so a person has to look. */
export class MintError extends Error {
  override readonly name = 'MintError';
  readonly code: MintErrorCode;
  readonly retry: boolean;

  constructor(code: MintErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retry = RETRY[code];
  }
}
