import { decodeExact, encode } from '@stoa/protocol';
import { peekRoot } from '@stoa/protocol/release';
import { readPlainFile } from '#launcher/direct-installer.ts';
import { type InstallCode, InstallError, isInstallCode, type SlotInstaller } from '#launcher/installer.ts';
import type { Launched } from '#launcher/launched.ts';
import { dial, RootStepError, send } from '#root/client.ts';
import {
  type InstallReply,
  type InstallRequest,
  installReply,
  installRequest,
  MOST_ROOTS,
} from '#root/install-wire.ts';
import { formatFrame, ROOT_FRAME, readFrames, refusedReply } from '#root/wire.ts';

const NOTHING: Omit<InstallRequest, 'verb'> = { id: '', reason: '', path: '', roots: [], targets: 0 };

/** For an agent whose program is root's: the privileged unit installs, and verifies all of it again. */
export function createRootInstaller(launched: Launched, socketPath: string): SlotInstaller {
  const ask = (
    request: Partial<InstallRequest> & Pick<InstallRequest, 'verb'>,
    input?: AsyncIterable<Uint8Array>,
  ) => converse(socketPath, { ...NOTHING, ...request }, input);
  return {
    way: 'root',
    state: async () => (await ask({ verb: 'state' })).state,
    async stage({ roots, targets, path, file }) {
      const { rootVersion } = (await ask({ verb: 'state' })).state;
      const fresh = roots.filter((root) => peekRoot(root).version > rootVersion);
      for (let at = 0; at < fresh.length; at += MOST_ROOTS) {
        const some = fresh.slice(at, at + MOST_ROOTS);
        await ask({ verb: 'follow', roots: some.map(({ length }) => length) }, eachOf(some));
      }
      return (await ask({ verb: 'stage', path, targets: targets.length }, partsOf(targets, file))).id;
    },
    async select(id) {
      await ask({ verb: 'select', id });
    },
    async reject(id, reason) {
      await ask({ verb: 'reject', id, reason: reason.slice(0, 80) });
    },
    async keep(id) {
      await ask({ verb: 'keep', id });
    },
    async up() {
      await ask({ verb: 'up' });
    },
    restart: () => launched.restart(),
  };
}

async function converse(
  socketPath: string,
  request: InstallRequest,
  input: AsyncIterable<Uint8Array> | undefined,
): Promise<InstallReply> {
  const socket = await dial(socketPath).catch((error: unknown) => {
    throw error instanceof RootStepError ? new InstallError('install_away', error.message, error) : error;
  });
  socket.write(formatFrame(ROOT_FRAME.install, encode(installRequest, request)));
  const sending = send(socket, input);
  // What the unit answers counts: it may refuse before it has read all.
  sending.catch(() => socket.destroy());
  try {
    for await (const { type, payload } of readFrames(socket as AsyncIterable<Uint8Array>)) {
      if (type === ROOT_FRAME.installed) return decodeExact(installReply, payload);
      if (type === ROOT_FRAME.refused) throw refused(payload);
    }
    throw new Error('its answer did not come');
  } catch (cause) {
    if (cause instanceof InstallError) throw cause;
    // A file of this side that can't be read is why the socket was closed.
    await sending;
    throw new InstallError(
      'install_away',
      `the privileged unit hung up before '${request.verb}' was done`,
      cause,
    );
  } finally {
    socket.destroy();
  }
}

function refused(payload: Uint8Array): InstallError {
  const { code, message } = decodeExact(refusedReply, payload);
  return new InstallError(installCode(code), message);
}

function installCode(code: string): InstallCode {
  if (isInstallCode(code)) return code;
  if (code === 'disk_full') return 'install_no_room';
  return /^(disk_|file_)/.test(code) ? 'install_disk' : 'install_refused';
}

async function* eachOf(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function* partsOf(targets: Uint8Array, file: string): AsyncGenerator<Uint8Array> {
  yield targets;
  yield* readPlainFile(file);
}
