export { Vault, VaultError } from './vault.ts';
