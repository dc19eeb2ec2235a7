/** What tests, the simulated world and the scripts use of the hub. */
export { type Clock, systemClock } from './clock.ts';
export { type HubConfig, loadConfig, settingsInForce } from './config.ts';
export { defaultDataDirectory } from './data-directory.ts';
export { HubError } from './error.ts';
export type { Link, LinkRequest } from './gateway/index.ts';
export { type Hub, type HubOptions, openHub } from './hub.ts';
export { loadInstanceKey } from './instance-key.ts';
export { createLog, type Log } from './log.ts';
export { PrivateFile } from './private-file.ts';
export { type DbAdapter, openEmbedded, openUrl } from './seams/db-adapter/index.ts';
export { secureRandom } from './secure-random.ts';
export { VERSION } from './version.ts';
