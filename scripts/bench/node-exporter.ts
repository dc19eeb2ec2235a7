import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { freePort } from './mosquitto.ts';
import { exactCpuMsOf, memoryOf } from './process-figures.ts';
import { round } from './result.ts';

const PROGRAM = '/usr/bin/prometheus-node-exporter';

export interface ExporterFigures {
  readonly privateMb: number;
  readonly residentMb: number;
  readonly cpuPercent: number;
}

/** Prometheus's exporter of a host's figures, scraped as often as the agent reports. Null where it is not installed. */
export async function measureNodeExporter(by: {
  seconds: number;
  everyMs: number;
  pause: (ms: number) => Promise<void>;
}): Promise<ExporterFigures | null> {
  if (!existsSync(PROGRAM)) return null;
  const address = `127.0.0.1:${await freePort()}`;
  const exporter = spawn(PROGRAM, [`--web.listen-address=${address}`], { stdio: 'ignore' });
  const exited = once(exporter, 'exit');
  const scrape = async (): Promise<void> => {
    await (await fetch(`http://${address}/metrics`)).text();
  };
  try {
    for (let tries = 0; tries < 50; tries += 1) {
      if (
        await scrape().then(
          () => true,
          () => false,
        )
      )
        break;
      await by.pause(100);
    }
    const before = exactCpuMsOf(exporter.pid!);
    for (let elapsed = 0; elapsed < by.seconds * 1000; elapsed += by.everyMs) {
      await by.pause(by.everyMs);
      await scrape();
    }
    const cpuPercent = (exactCpuMsOf(exporter.pid!) - before) / (by.seconds * 10);
    const { privateMb, residentMb } = await memoryOf(exporter.pid!);
    return { privateMb: round(privateMb), residentMb: round(residentMb), cpuPercent: round(cpuPercent) };
  } finally {
    exporter.kill();
    await exited;
  }
}
