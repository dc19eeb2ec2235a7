export { createPulse, type PulseOptions } from './pulse.ts';
