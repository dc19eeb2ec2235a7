import { describe, expect, it } from 'vitest';
import type { JobDetail } from '../job.ts';
import { JobHead } from './job-page.tsx';

const AT = Date.UTC(2026, 10, 26);
const REFUSED: JobDetail = {
  ...{ jobId: 'j', batchId: 'b', nodeId: 'ab'.repeat(32), label: 'n', owner: 'ann@x.example', run: 'agent' },
  ...{ kind: 'stoachain-control', class: 'disruptive', state: 'failed', held: false, attempt: 1 },
  ...{
    maxAttempts: 1,
    scheduledAt: AT,
    createdAt: AT,
    createdBy: 'ann@x.example',
    startedAt: AT,
    endedAt: AT,
  },
  ...{ code: 'order_missing', message: 'stoachain-control takes an order that a person has signed' },
  ...{ progress: undefined, step: '', cancelling: false, params: '{}', selector: '', idempotent: true },
  ...{ deadline: AT, leasedUntil: undefined, fencingToken: 1, instance: undefined, report: '', logBytes: 0 },
  ...{ orderId: undefined, approvedBy: undefined },
};
const head = (job: JobDetail) => String(<JobHead job={job} now={AT} />);

describe('the page of a job', () => {
  it('tells of an order that was signed and gave way with its key', () => {
    expect(head({ ...REFUSED, orderId: '0a'.repeat(16) })).toContain('was replaced');
    expect(head(REFUSED)).not.toContain('was replaced');
    expect(head({ ...REFUSED, orderId: '0a'.repeat(16), code: 'order_used' })).not.toContain('was replaced');
  });
});
