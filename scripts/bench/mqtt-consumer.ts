/** The peer's consumer: subscribes with QoS 1, decodes and validates every heartbeat, keeps the newest of each node. */
import { decodeAgentMessage, FRAME, type Heartbeat } from '@stoa/protocol';
import { connect } from 'mqtt';

const newest = new Map<string, Heartbeat>();
let received = 0;

const client = connect(`mqtt://127.0.0.1:${process.argv[2]}`, { clientId: 'consumer', reconnectPeriod: 0 });
client.on('message', (topic, payload) => {
  const message = decodeAgentMessage(FRAME.heartbeat, payload);
  if (message.name === 'heartbeat') newest.set(topic, message.value);
  received += 1;
});
await new Promise((resolve) => client.on('connect', resolve));
await client.subscribeAsync('hb/+', { qos: 1 });

process.on('message', (ask) => {
  if (ask === 'stop') process.exit(0);
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, received, nodes: newest.size });
});
process.send?.('ready');
