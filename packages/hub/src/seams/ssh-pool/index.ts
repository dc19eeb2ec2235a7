export { PATIENCE, type SshPatience } from './dial.ts';
export { SshError, type SshErrorCode, type SshPhase } from './error.ts';
export { makeKeyPair, type SshKeyPair } from './key.ts';
export { shellQuote } from './shell-quote.ts';
export {
  type HostKey,
  type HostKeyStore,
  placeOf,
  type RunOptions,
  type SshLogin,
  type SshOutput,
  type SshPool,
  type SshSession,
  type SshTarget,
  type SshUse,
} from './ssh-pool.ts';
export { REAP_MS, Ssh2Pool } from './ssh2-pool.ts';
export { RoutineSweep } from './sweep.ts';
