import { isIP } from 'node:net';

const HERE = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** What will not work behind this address, in words; of a hub for this machine alone nothing more is wanted. */
export function publicUrlShortcomings({ protocol, hostname }: URL): string[] {
  if (HERE.test(hostname)) return [];
  const clear = protocol === 'http:';
  const address = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  return [
    ...(clear
      ? [
          'browsers send passwords and sessions in the clear: set TLS_CERT and TLS_KEY, or put a proxy with TLS before the hub',
        ]
      : []),
    ...(clear || address ? ['passkeys need a name and https: people sign in by password here'] : []),
  ];
}
