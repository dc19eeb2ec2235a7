import { z } from '@hono/zod-openapi';
import { KIND_NAMES, type KindName } from '@stoa/protocol';
import { JOB_STATES, LEFT_OUT, type LeftOut } from '#jobs/index.ts';

const instant = z.iso.datetime().openapi({ example: '2026-11-25T18:40:12.000Z' });
const kind = z.enum(KIND_NAMES as [KindName, ...KindName[]]);
const text = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'no control characters');
const uuid = z.uuid().toLowerCase();
const next = z
  .string()
  .nullable()
  .openapi({ description: 'Give it as `after` for the next page; null at the end.' });

export const jobIdParam = z.object({ id: uuid.openapi({ param: { name: 'id', in: 'path' } }) });

const wish = {
  kind,
  params: z.record(text(60), z.union([text(1_000), z.number(), z.boolean()])).default({}),
  q: text(1_000).default('').openapi({ description: 'A selector: which nodes.', example: 'state:online' }),
};
export const planBody = z
  .strictObject({
    ...wish,
    signer: z
      .email()
      .toLowerCase()
      .optional()
      .openapi({ description: 'Whose key will sign; yours unless said.' }),
  })
  .openapi('JobWish');
export const submitBody = z
  .strictObject({
    ...wish,
    expected: z.int().min(0).max(10_000_000).openapi({ description: 'Nodes that the plan showed.' }),
    batch: uuid.optional().openapi({ description: 'Of your making: the same submit sent twice is one.' }),
    scheduledAt: instant.optional(),
    order: z
      .string()
      .max(4_000)
      .regex(/^([0-9a-f]{2})+$/)
      .optional()
      .openapi({ description: 'The signed order, hex; all kinds but those that only read take one.' }),
  })
  .openapi('JobSubmit');

const shares = z.array(z.strictObject({ name: z.string(), nodes: z.int() }));
export const planSchema = z
  .strictObject({
    found: z.int().openapi({ description: 'Nodes of the selector that you may see.' }),
    nodes: z.int().openapi({ description: 'Nodes that would get the job: what `expected` must say.' }),
    offline: z.int().openapi({ description: 'Of these, not connected now: their jobs wait.' }),
    owners: z.int(),
    regions: shares,
    versions: shares,
    leftOut: z.array(
      z.strictObject({
        reason: z.enum(Object.keys(LEFT_OUT) as [LeftOut, ...LeftOut[]]),
        nodes: z.int(),
      }),
    ),
    rules: shares.openapi({ description: 'Lines of local policies that forbid it.' }),
    order: z.enum(['owner', 'owner-or-admin']).nullable().openapi({ description: 'Whose key must sign.' }),
    maxAttempts: z.int(),
    needsApproval: z.boolean().openapi({ description: 'So many nodes take a second approver.' }),
    params: z.string().openapi({ description: 'Canonical: what an order signs the hash of.' }),
  })
  .openapi('JobPlan');
export const submittedSchema = z
  .strictObject({ batch: z.string(), submitted: z.int(), needsApproval: z.boolean() })
  .openapi('JobSubmitted');

const jobShape = {
  id: z.string(),
  batch: z.string(),
  node: z.string(),
  label: z.string(),
  kind: z.string(),
  class: z.string(),
  run: z.enum(['agent', 'ssh']),
  state: z.enum(JOB_STATES),
  held: z.boolean().openapi({ description: 'Waits for a second approver.' }),
  cancelling: z.boolean(),
  attempt: z.int(),
  maxAttempts: z.int(),
  code: z.string(),
  message: z.string(),
  progress: z.int().nullable(),
  step: z.string(),
  createdBy: z.string(),
  createdAt: instant,
  scheduledAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
};
export const jobSchema = z.strictObject(jobShape).openapi('Job');
export const jobPageSchema = z.strictObject({ jobs: z.array(jobSchema), next }).openapi('JobPage');
export const jobDetailSchema = z
  .strictObject({
    ...jobShape,
    params: z
      .string()
      .openapi({ description: 'As text; of a URL without its query, which may be a permission.' }),
    selector: z.string(),
    idempotent: z.boolean(),
    deadline: instant,
    report: z.string().openapi({ description: 'JSON; empty for nothing.' }),
    logBytes: z.int(),
    order: z.string().nullable(),
    approvedBy: z.string().nullable(),
    receipts: z.array(
      z.strictObject({
        attempt: z.int(),
        taken: z.enum(['recorded', 'late']),
        outcome: z.string(),
        code: z.string(),
        message: z.string(),
        durationMs: z.int(),
        number: z.int().openapi({ description: "In the node's chain of results." }),
        link: z.enum(['follows', 'gap', 'conflict']),
        at: instant,
        result: z.string().openapi({ description: 'Sealed by the node, hex.' }),
        receipt: z.string().openapi({ description: 'Sealed by the hub, with its chain, hex.' }),
      }),
    ),
  })
  .openapi('JobDetail');
export const jobQuery = z.strictObject({
  state: z.enum(JOB_STATES).optional(),
  kind: text(40).optional(),
  node: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  batch: uuid.optional(),
  q: text(100).optional(),
  after: text(100).optional(),
});

export const batchSchema = z
  .strictObject({
    batch: z.string(),
    run: z.enum(['agent', 'ssh']),
    kind: z.string(),
    params: z
      .string()
      .openapi({ description: 'As text; of a URL without its query, which may be a permission.' }),
    selector: z.string(),
    nodes: z.int(),
    createdBy: z.string(),
    createdAt: instant,
    needsApproval: z.boolean(),
    approvedBy: z.string().nullable(),
    order: z.string().nullable(),
    states: z.record(z.string(), z.int()),
  })
  .openapi('JobBatch');
export const countSchema = z.strictObject({ jobs: z.int() }).openapi('JobCount');

export const kindsSchema = z
  .strictObject({
    kinds: z.array(
      z.strictObject({
        kind: z.string(),
        class: z.enum(['read', 'disruptive', 'code']),
        doc: z.string(),
        idempotent: z.boolean(),
        undo: z.string(),
        limitMs: z.int(),
        parameters: z.record(z.string(), z.strictObject({ type: z.string(), doc: z.string() })),
      }),
    ),
  })
  .openapi('JobKinds');
