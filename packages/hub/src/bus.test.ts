import { describe, expect, it, vi } from 'vitest';
import { Bus } from './bus.ts';

describe('Bus', () => {
  it('tells each listener of the topic, in order, and no other', () => {
    const bus = new Bus({ log: { error: vi.fn() } });
    const heard: string[] = [];
    bus.subscribe('nodes', ({ ids }) => heard.push(`first ${ids}`));
    bus.subscribe('nodes', ({ ids }) => heard.push(`second ${ids}`));
    bus.subscribe('enrolled', () => heard.push('enrolled'));
    bus.publish('nodes', { ids: ['a', 'b'] });
    expect(heard).toEqual(['first a,b', 'second a,b']);
  });

  it('keeps telling the others when one throws, and logs it', () => {
    const error = vi.fn();
    const bus = new Bus({ log: { error } });
    const heard: number[] = [];
    bus.subscribe('heads', () => {
      throw new Error('broken');
    });
    bus.subscribe('heads', ({ heights }) => heard.push(...heights));
    bus.publish('heads', { heights: [7] });
    expect(heard).toEqual([7]);
    expect(error).toHaveBeenCalledOnce();
  });

  it('lets a listener end its subscription, even while being told', () => {
    const bus = new Bus({ log: { error: vi.fn() } });
    let told = 0;
    const end = bus.subscribe('nodes', () => {
      told += 1;
      end();
    });
    bus.publish('nodes', { ids: [] });
    bus.publish('nodes', { ids: [] });
    expect(told).toBe(1);
  });
});
