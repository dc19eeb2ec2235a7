/** What the hub's HTTP surface says where it refuses. Unsigned: good for a message and a delay, never for a decision. */
export interface HubHttpError {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
  readonly retryAfterMs?: number;
}

export const HUB_ERROR_BYTES = 4096;

/** Undefined where the answer is somebody else's: a proxy's page, a captive portal. */
export function parseHubError(body: Uint8Array): HubHttpError | undefined {
  const value = parse(new TextDecoder().decode(body.subarray(0, HUB_ERROR_BYTES)));
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, message, retry, retryAfterMs } = value as Record<string, unknown>;
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  const named = typeof retryAfterMs === 'number' && retryAfterMs >= 0;
  return {
    code: code.slice(0, 64),
    message: message.slice(0, 300),
    retry: retry === true,
    ...(named ? { retryAfterMs } : {}),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: not from a hub, which is what the caller wants to know.
    return undefined;
  }
}
