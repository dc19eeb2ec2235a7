import { HubError } from '../error.ts';

const RETRY = {
  /** Hours up to the cut are still open: they close by themselves. */
  hours_open: true,
  /** A day that is over for the contract, or has not begun. */
  wrong_day: false,
  /** The stored plan is not the one whose hash was fixed. */
  plan_changed: false,
  /** What the ledger reserved is not what the plan mints. */
  ledger_changed: false,
  /** A slot is not where its account belongs. */
  account_moved: false,
  /** No plan of that day. */
  no_epoch: false,
  /** An approval of another plan than the day's, or none. */
  wrong_approval: false,
  /** A node of another network than the one that is configured. */
  wrong_network: false,
  /** Keys of the contract that would let others through, or too few. */
  bad_keys: false,
  /** A text of the contract that does not fit its namespace. */
  bad_contract: false,
  /** A chain has another contract than the one that is configured. */
  wrong_contract: false,
  /** Slots and days are of another contract than the one that is configured. */
  other_contract: false,
  /** A day or an enrolment of the contract is not at its end, or none was named yet. */
  contract_in_use: true,
  /** Points of the ledger are on the contract that is to be left. */
  not_reset: false,
  /** A contract has slots that are not those of this database. */
  other_slots: false,
  /** The signer signed something else than it was asked to. */
  wrong_signature: false,
  /** An account that pays for gas is not there or has too little. */
  gas_account: true,
  /** Nodes say that the transaction would fail, or take more gas than one may. */
  would_fail: true,
  /** There is no way on from where it stands: it is not stopped, or its attempts are spent. */
  not_resumable: false,
  /** It ended, or is given up already. */
  not_running: false,
  /** A setting of the mint is missing. */
  not_configured: false,
  /** Too few nodes answer, or they contradict each other. */
  no_agreement: true,
  /** No node took a transaction: it is sent again. */
  not_taken: true,
  /** What was settled is not on chain any more, or differs. */
  chain_differs: false,
  /** A transaction of it may still be mined. */
  not_dead: true,
} as const;

export type MintFaultCode = keyof typeof RETRY;

/** What passes by itself, and is late where it does not: nobody is paged for it. */
export const PASSING: readonly string[] = ['hours_open', 'not_dead'] satisfies MintFaultCode[];

/** Why the mint goes no further. Nothing was sent for it. */
export class MintFault extends HubError<MintFaultCode> {
  override readonly name = 'MintFault';
  constructor(code: MintFaultCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { retry: RETRY[code], ...options });
  }
}
