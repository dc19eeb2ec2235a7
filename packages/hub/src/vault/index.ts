export { SECRETS, SecretStore } from './secret-store.ts';
export { openVault, type SealedColumn, Vault, VaultError } from './vault.ts';
