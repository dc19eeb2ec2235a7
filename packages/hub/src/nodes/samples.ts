import { type Gauges, UNKNOWN_U16, UNKNOWN_U32 } from '@stoa/protocol';
import type { Readings, SeriesName } from '../history/index.ts';

/** One sample of the history's series, as far as the gauges are known. */
export function sampleOf(gauges: Gauges): Readings {
  const sample: Partial<Record<SeriesName, number>> = {};
  const put = (series: SeriesName, value: number, unknown: number, scale = 1) => {
    if (value !== unknown) sample[series] = value * scale;
  };
  put('cpu', gauges.cpuPermille, UNKNOWN_U16, 1e-3);
  put('load', gauges.loadCenti, UNKNOWN_U16, 1e-2);
  put('rtt', gauges.rttMs, UNKNOWN_U16);
  put('peers', gauges.peers, UNKNOWN_U16);
  put('network_in', gauges.rxKbps, UNKNOWN_U32);
  put('network_out', gauges.txKbps, UNKNOWN_U32);
  const share = (part: number, whole: number) => part !== UNKNOWN_U32 && whole !== UNKNOWN_U32 && whole > 0;
  if (share(gauges.memUsedMb, gauges.memTotalMb)) sample.memory = gauges.memUsedMb / gauges.memTotalMb;
  if (share(gauges.diskFreeMb, gauges.diskTotalMb)) sample.disk = 1 - gauges.diskFreeMb / gauges.diskTotalMb;
  return sample;
}
