export { accountIdOf, type Choice, type ChoiceScope, ChoiceStore } from './choice-store.ts';
export { recordOwnerChange } from './owner-changes.ts';
export { type Payout, type PayoutChange, PayoutResolver, payoutMissing } from './resolver.ts';
