import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { agentMetrics } from '#status/agent-metrics.ts';
import { renderMetrics } from '#status/prometheus.ts';
import { makeSnapshot, NOTHING_YET } from '#status/snapshot.fixture.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('the text format', () => {
  it('escapes help and labels, and writes every number', () => {
    const samples = [
      { value: 1.5, labels: { path: 'a"b\\c\nd', zone: 'ü' } },
      { value: Number.POSITIVE_INFINITY },
      { value: Number.NEGATIVE_INFINITY },
      { value: Number.NaN },
    ];
    expect(renderMetrics([{ name: 'x', help: 'one\\two\nthree', type: 'gauge', samples }])).toBe(
      [
        '# HELP x one\\\\two\\nthree',
        '# TYPE x gauge',
        'x{path="a\\"b\\\\c\\nd",zone="ü"} 1.5',
        'x +Inf',
        'x -Inf',
        'x NaN',
        '',
      ].join('\n'),
    );
  });

  it('leaves out a family without samples', () => {
    expect(renderMetrics([{ name: 'x', help: 'x', type: 'gauge', samples: [] }])).toBe('');
  });
});

describe('the metrics of the agent', () => {
  it('tell what the snapshot tells, in base units', () => {
    const lines = agentMetrics(makeSnapshot()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        `stoa_agent_info{version="1.2.3",instance="default",node_id="${'ab'.repeat(32)}"} 1`,
        'stoa_agent_uptime_seconds 7200',
        'stoa_agent_hub_connected 1',
        'stoa_agent_hub_sessions_total 2',
        'stoa_agent_hub_round_trip_seconds 0.041',
        'stoa_agent_hub_clock_skew_seconds -0.12',
        'stoa_chainweb_up 1',
        'stoa_chainweb_height_blocks{chain="9"} 1001',
        'stoa_chainweb_cpu_cores 1.5',
        'stoa_host_cpu_ratio 0.38',
        'stoa_agent_collector_age_seconds{collector="cut"} 4',
      ]),
    );
  });

  it('leave out what is unknown', () => {
    const text = agentMetrics(makeSnapshot({ link: undefined, outbox: undefined, readings: NOTHING_YET }));
    expect(text).not.toMatch(/undefined|NaN|hub_connected|host_cpu/);
    expect(text).toContain('stoa_agent_collector_failing{collector="host"} 0');
  });

  it.runIf(hasPromtool)('please promtool', () => {
    for (const parts of [{}, { link: undefined, outbox: undefined, readings: NOTHING_YET }]) {
      const input = agentMetrics(makeSnapshot(parts));
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input,
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    }
  });
});
