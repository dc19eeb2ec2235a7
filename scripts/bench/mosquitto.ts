import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { cpuMsOf } from './process-figures.ts';

const BROKER = '/usr/sbin/mosquitto';

interface Consumed {
  readonly cpuMs: number;
  readonly received: number;
}

/**
 * The same payloads by Mosquitto with QoS 1 to a consumer that decodes and validates them: messages per CPU second of
 * broker and consumer together. It authenticates no message. Null where Mosquitto is not installed.
 */
export async function measureMosquitto(load: {
  connections: number;
  perSecond: number;
  seconds: number;
  payloads: readonly Uint8Array[];
}): Promise<{ perCpuSecond: number; received: number } | null> {
  if (!existsSync(BROKER)) return null;
  const dir = mkdtempSync(join(tmpdir(), 'stoa-mosquitto-'));
  const port = await freePort();
  const config = join(dir, 'mosquitto.conf');
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\n`,
  );
  const broker = spawn(BROKER, ['-c', config], { stdio: 'ignore' });
  let consumer: ChildProcess | undefined;
  const clients: MqttClient[] = [];
  try {
    await listening(port);
    consumer = fork(fileURLToPath(new URL('mqtt-consumer.ts', import.meta.url)), [String(port)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(consumer, 'message');
    for (let i = 0; i < load.connections; i += 1)
      clients.push(
        await connectAsync(`mqtt://127.0.0.1:${port}`, {
          clientId: `node-${i}`,
          reconnectPeriod: 0,
          keepalive: 0,
        }),
      );
    const before = { broker: cpuMsOf(broker.pid!), consumer: await ask(consumer) };
    const sent = await publish(clients, load);
    const after = await settled(consumer, before.consumer.received + sent);
    const cpuMs = cpuMsOf(broker.pid!) - before.broker + after.cpuMs - before.consumer.cpuMs;
    const received = after.received - before.consumer.received;
    return { perCpuSecond: Math.round(received / (cpuMs / 1000)), received };
  } finally {
    for (const client of clients) client.end(true);
    consumer?.send('stop');
    broker.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function publish(
  clients: readonly MqttClient[],
  load: { perSecond: number; seconds: number; payloads: readonly Uint8Array[] },
): Promise<number> {
  const started = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - started) / 1000;
    if (elapsed >= load.seconds) return sent;
    const due = Math.floor(elapsed * load.perSecond);
    for (; sent < due; sent += 1) {
      const payload = Buffer.from(load.payloads[Math.floor(sent / clients.length) % load.payloads.length]!);
      const at = sent % clients.length;
      clients[at]!.publish(`hb/${at}`, payload, { qos: 1 });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function ask(consumer: ChildProcess): Promise<Consumed> {
  consumer.send('usage');
  const [usage] = await once(consumer, 'message');
  return usage as Consumed;
}

async function settled(consumer: ChildProcess, expected: number): Promise<Consumed> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const usage = await ask(consumer);
    if (usage.received >= expected || performance.now() > deadline) return usage;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function listening(port: number): Promise<void> {
  for (let i = 0; i < 100; i += 1) {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 }).catch(
      () => undefined,
    );
    if (client !== undefined) {
      await client.endAsync(true);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`mosquitto does not listen on ${port}`);
}
