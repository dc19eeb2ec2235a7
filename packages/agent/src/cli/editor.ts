import { spawn } from 'node:child_process';
import type { Environment } from '#config.ts';
import { AgentError } from '#error.ts';

/** As git and crontab do: VISUAL, EDITOR, or vi; its words are split at blanks, and no shell is asked. */
export function openEditor(env: Environment, path: string): Promise<number> {
  const [program = 'vi', ...args] = (env['VISUAL'] || env['EDITOR'] || 'vi').trim().split(/\s+/);
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, path], { stdio: 'inherit' });
    child.once('error', (cause) =>
      reject(
        new AgentError('editor_failed', `the editor '${program}' could not be started: set EDITOR`, {
          retry: false,
          cause,
        }),
      ),
    );
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
