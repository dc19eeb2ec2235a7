/** What tests and benches need of the guard before everything that is dialled on somebody's word. */
export { AllowedAddresses } from './egress-addresses.ts';
export { EgressResolver } from './egress-resolver.ts';
