import type { ReadStream } from 'node:tty';
import { SignerError } from '#error.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ERASE = new Set(['\b', '\u007f']);
const ENTER = new Set(['\r', '\n', CTRL_D]);

/** Asks on a terminal and shows nothing of the answer, not even its length. */
export function askHidden(
  terminal: { input: ReadStream; write(text: string): void },
  question: string,
): Promise<string> {
  const { input, write } = terminal;
  return new Promise((resolve, reject) => {
    let answer = '';
    const finish = (): void => {
      input.off('data', onData);
      input.setRawMode(false);
      input.pause();
      write('\n');
    };
    const onKey = (key: string): boolean => {
      if (key === CTRL_C) {
        finish();
        reject(new SignerError('bad_argument', 'stopped: no passphrase was given'));
        return true;
      }
      if (ENTER.has(key)) {
        finish();
        resolve(answer);
        return true;
      }
      answer = ERASE.has(key) ? [...answer].slice(0, -1).join('') : answer + key;
      return false;
    };
    const onData = (chunk: string): void => void [...chunk].some(onKey);
    input.setEncoding('utf8');
    input.on('data', onData);
    // Before the question: who answers at once must not see the first letters either.
    input.setRawMode(true);
    input.resume();
    write(question);
  });
}
