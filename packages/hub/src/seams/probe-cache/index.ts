export { MemoryProbeCache } from './memory-probe-cache.ts';
export {
  type Probe,
  type ProbeCache,
  type ProbeEntry,
  type ProbeKind,
  type ProbeValues,
  TIP_MAX_AGE_MS,
} from './probe-cache.ts';
export { TableProbeCache } from './table-probe-cache.ts';
