import { REGION_FILES } from '#authority/region.ts';
import { callSigner } from '#client/signer-client.ts';
import { SocketTransport } from '#client/socket.ts';
import { SignerError } from '#error.ts';
import type { SignerCalls, SignerMethod } from '#wire/methods.ts';

export interface SocketOptions {
  dir: string;
  socket?: string;
}

export function socketOf({ dir, socket }: SocketOptions): string {
  return socket ?? REGION_FILES.socket(dir);
}

/** The running signer's answer, undefined where none runs at that socket. @throws SignerError of the call. */
export async function askRunning<M extends SignerMethod>(
  options: SocketOptions,
  method: M,
  request: SignerCalls[M]['request'],
): Promise<SignerCalls[M]['answer'] | undefined> {
  const transport = new SocketTransport({ socketPath: socketOf(options) });
  try {
    return await callSigner(transport, method, request);
  } catch (error) {
    if (error instanceof SignerError && error.code === 'signer_unreachable') return undefined;
    throw error;
  } finally {
    await transport.close();
  }
}
