export type { AgentChannel, NodeWork, Way } from './agent-channel.ts';
export { FirstThatCarries } from './first-that-carries.ts';
