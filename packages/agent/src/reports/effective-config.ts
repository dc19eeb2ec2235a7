import type { EffectiveConfig } from '@stoa/protocol';
import { type AgentConfig, type ConfigHost, SETTINGS } from '#config.ts';
import { fingerprintOf, type OwnerKeyPin } from '#identity/owner-key-pin.ts';
import { isSecretName, REDACTED, redactText } from '#redact.ts';
import { fit } from '#reports/text.ts';

/** The settings as they are in force, without their secrets, and the fingerprint of the owner's key: empty for none. */
export function effectiveSettings(
  config: AgentConfig,
  host: ConfigHost,
  ownerKey: OwnerKeyPin | undefined,
): EffectiveConfig {
  const settings = SETTINGS.map((row) => {
    const value = config[row.key];
    const shown = isSecretName(row.key) ? REDACTED : redactText(String(value));
    const isDefault = value === row.fallback(host, {}, config);
    return { name: row.key, value: fit(shown, 512), isDefault };
  });
  const pinned = ownerKey === undefined ? '' : fingerprintOf(ownerKey.key);
  return { settings: [...settings, { name: 'owner-key', value: pinned, isDefault: ownerKey === undefined }] };
}
