export { accountIdOf, type Choice, type ChoiceScope, ChoiceStore } from './choice-store.ts';
export type { PayoutDesk } from './desk.ts';
export { recordOwnerChange } from './owner-changes.ts';
export { createPayouts, type GuardSource, guardSource, type Payouts } from './payouts.ts';
export { type Payout, type PayoutChange, PayoutResolver } from './resolver.ts';
export { payoutMissing } from './unpaid.ts';
