import { describe, expect, it } from 'vitest';
import { hostFacts, joinFlags } from './config-tab.tsx';

describe('joinFlags', () => {
  it('keeps a flag and its value together, and nothing else', () => {
    const argv = [
      'chainweb-node',
      '--p2p-port',
      '1789',
      '--service-port=1848',
      'x',
      '--flag',
      '+RTS',
      '-T',
      '-N',
    ];
    expect(joinFlags(argv)).toEqual([
      'chainweb-node',
      '--p2p-port 1789',
      '--service-port=1848',
      'x',
      '--flag',
      '+RTS',
      '-T',
      '-N',
    ]);
  });
});

describe('hostFacts', () => {
  it('tells what is known, with units, and leaves out what is not', () => {
    const host = {
      cpuCores: 8,
      memTotalMb: 32_048,
      hostname: '',
      publicAddress: null,
      process: { startedAt: 0, pid: 7 },
    };
    expect(hostFacts(host)).toEqual([
      { name: 'Cores', value: '8' },
      { name: 'Memory', value: '32,048 MB' },
      { name: 'chainweb process', value: '7' },
    ]);
    expect(hostFacts({ process: 'odd' })).toEqual([]);
  });
});
