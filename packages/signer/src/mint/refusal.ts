/** Why the minter's signer refuses, and whether the same ask can succeed later without a person. */
export const MINT_REFUSALS = {
  /** A person has stopped it. */
  mint_killed: false,
  /** Another network, namespace, module, module hash, account or key than it was made for. */
  mint_wrong_place: false,
  /** No such chain, or an act that the contract would refuse. */
  mint_bad_act: false,
  /** The epoch is neither today's nor open. */
  mint_epoch_closed: false,
  /** Its closing on that chain was signed: nothing more of it is. */
  mint_epoch_given_up: false,
  /** No approved plan of the epoch is here. */
  mint_plan_unknown: false,
  /** Another plan of the epoch was approved: there is one for each, ever. */
  mint_plan_conflict: false,
  /** Too few approvals, or of strangers. */
  mint_plan_unapproved: false,
  /** Far from what is usual: people have to approve. */
  mint_outlier: false,
  /** What is asked is not what the plan has there. */
  mint_not_planned: false,
  /** Other content than an earlier attempt's. */
  mint_digest_changed: false,
  mint_account_cap: false,
  mint_batch_cap: false,
  mint_region_cap: false,
  mint_epoch_cap: false,
  mint_day_cap: true,
  /** More new slots in a day than without people. */
  mint_enrolment_cap: true,
  mint_gas_price: false,
  mint_gas_limit: false,
  /** Of one day. */
  mint_gas_spent: true,
  mint_ttl: false,
  /** Created at another time than the signer's clock says. */
  mint_clock: true,
  mint_attempts: false,
  /** The attempt before can still be mined. */
  mint_attempt_alive: true,
  /** Somebody else leads. */
  mint_lease_stale: false,
  /** Of before its key was changed: it cannot be given again. */
  mint_command_lost: false,
  /** An unattended approver found that evidence and ledger, or plan, differ, or that something is for people. */
  mint_evidence: false,
} as const;

export type MintRefusalCode = keyof typeof MINT_REFUSALS;
