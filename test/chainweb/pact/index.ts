/**
 * The Pact API of the simulated chainweb: mempools, gossip, blocks with transactions, a state for every fork. `coin` is in
 * TypeScript, the register's contract runs as it is written. `openPactWorld({ accounts, modules: [registerModule(…)], nodes })`
 * is a network in memory on a clock of its own; `world.fetch` reaches node i at `world.nodes[i].serviceUrl`.
 */
export { coin } from './coin.ts';
export { balanceOf, crowding, crowdOut, draining } from './coin-troubles.ts';
export {
  type Capability,
  type Command,
  requestKeyOf,
  type SignedCommand,
} from './command.ts';
export { accountOf, type CommandDraft, signCommand, signTransfer } from './drafting.ts';
export { sizeGas } from './gas.ts';
export { type Deployment, interpretModule } from './interpreter/module.ts';
export type { Script } from './miners.ts';
export {
  type Call,
  decimal,
  type Guard,
  guard,
  integer,
  list,
  PactFailure,
  type PactFunction,
  type PactModule,
  text,
} from './module.ts';
export type { Outcome, PactEvent, Result } from './outcome.ts';
export { type PactKey, pactKey } from './pact-key.ts';
export type { Found } from './pact-node.ts';
export { type RegisterOptions, registerModule } from './register.ts';
export { type OrphanFate, reorganise } from './reorg.ts';
export { type Trouble, troubles } from './troubles.ts';
export { Decimal, type PactValue, type Row } from './value.ts';
export { Weather, type WeatherOptions } from './weather.ts';
export { openPactWorld, type PactWorld, type PactWorldOptions } from './world.ts';
