import { deriveSession, equalBytes, type Session } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { mutate } from './mutation.ts';
import { attempt, demand, type Target } from './oracle.ts';
import type { Prng } from './prng.ts';

const from = {
  shared: new Uint8Array(32).fill(1),
  transcript: new Uint8Array(32).fill(2),
  transport: 'websocket' as const,
  version: 1,
};

function pair(): { agent: Session; hub: Session } {
  const derive = (role: 'agent' | 'hub') => deriveSession({ crypto: nodeCrypto, role }, from);
  return { agent: derive('agent'), hub: derive('hub') };
}

/** What the middle makes of a row of frames: left out, repeated, exchanged, altered, or sent back to where they came from. */
function disturb(frames: readonly Uint8Array[], own: Uint8Array, prng: Prng): Uint8Array[] {
  const changed = [...frames];
  const at = prng.below(changed.length);
  const other = prng.below(changed.length);
  switch (prng.below(7)) {
    case 0:
      changed.splice(at, 1);
      break;
    case 1:
      changed.splice(at, 0, changed[other]!);
      break;
    case 2:
      [changed[at], changed[other]] = [changed[other]!, changed[at]!];
      break;
    case 3:
      changed.splice(at, 0, own);
      break;
    case 4:
      break;
    default:
      changed[at] = mutate(changed[at]!, prng, changed[other]!);
  }
  return changed;
}

const opening: Target = {
  name: 'session frames',
  share: 150,
  run(prng, trace) {
    const { agent, hub } = pair();
    const own = hub.seal(65, prng.bytes(20));
    const frames = Array.from({ length: 1 + prng.below(5) }, () =>
      agent.seal(prng.below(256), prng.bytes(prng.below(60))),
    );
    const delivered = disturb(frames, own, prng);
    let opened = 0;
    let broken = false;
    for (const frame of delivered) {
      trace('frame', frame);
      const outcome = attempt(() => {
        const { seq, payload } = hub.open(frame);
        demand(!broken, 'a frame was opened after a bad one');
        demand(seq === opened, `frame ${seq} was opened as number ${opened}`);
        demand(equalBytes(frame, frames[seq]!), 'a frame was opened that nobody sealed');
        demand(equalBytes(payload, frame.subarray(18, -16)), 'the payload is not that of the frame');
        opened += 1;
      });
      broken ||= outcome === 'refused';
    }
    return broken ? 'refused' : 'accepted';
  },
};

export const sessionTargets: readonly Target[] = [opening];
