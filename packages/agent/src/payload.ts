/**
 * What a release ships, as one CommonJS file: both programs of a node, of which the launcher starts one. Each is loaded only
 * when it is wanted, so that nothing of the agent's channel is evaluated in root's process.
 */
import type { Launched } from '#launcher/launched.ts';
import { AGENT_VERSION } from '#version.ts';

export const version: string = AGENT_VERSION;

export async function start(launched: Launched): Promise<number> {
  const { role, argv, env } = launched;
  if (role === 'root') return (await import('#root/root-program.ts')).runRootProgram({ argv, env, launched });
  const { runAgentProgram } = await import('#agent-program.ts');
  return runAgentProgram({ argv, env, program: `${launched.prefix}/stoa-agent`, launched });
}
