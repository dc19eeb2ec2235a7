export { SECRETS, SecretStore } from './secret-store.ts';
export { openVault, type SealedColumn, type Sealers, Vault, VaultError } from './vault.ts';
