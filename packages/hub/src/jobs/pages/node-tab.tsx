import {
  decideKind,
  JOB_KINDS,
  KIND_NAMES,
  type LocalPolicy,
  ProtocolError,
  parseLocalPolicy,
} from '@stoa/protocol';
import { Ago, Empty, Panel, Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { NodeWork } from '../job.ts';
import type { JobPage } from '../job-reader.ts';
import { JobTable, listHref } from './list-page.tsx';

/** What was done on a node, and what it lets itself be asked to do. */
export function NodeJobsTab({
  nodeId,
  page,
  work,
  now,
}: {
  nodeId: string;
  page: JobPage;
  work: NodeWork | undefined;
  now: number;
}) {
  return (
    <div class="stack">
      <Panel id="node-jobs" title="Jobs" aside={<a href={listHref({ q: nodeId })}>all of them</a>}>
        <JobTable
          jobs={page.jobs}
          now={now}
          withNode={false}
          empty={
            <Empty title="No job was run here yet">
              <p>
                <a
                  href={href(`/jobs/run?${new URLSearchParams({ kind: 'system-probe', q: `id:${nodeId}` })}`)}
                >
                  Run one
                </a>
                , a probe of its host to begin with.
              </p>
            </Empty>
          }
        />
      </Panel>
      <Panel
        id="node-work"
        title="What may be done here"
        aside={
          work && (
            <>
              as the node said <Ago at={work.saidAt} now={now} />
            </>
          )
        }
      >
        {work === undefined ? (
          <p>Its agent has not said yet what it can do: it does so when it connects.</p>
        ) : (
          <Work nodeId={nodeId} work={work} />
        )}
      </Panel>
    </div>
  );
}

function Work({ nodeId, work }: { nodeId: string; work: NodeWork }) {
  const policy = policyOf(work);
  const known = KIND_NAMES.filter((kind) => work.kinds.includes(kind));
  return (
    <>
      {work.paused && (
        <p class="warning">Paused on the host: it asks for no work until `stoa-agent resume`.</p>
      )}
      {work.fault !== '' && (
        <p class="warning" role="alert">
          Its local policy can't be read, so it allows nothing: {work.fault}
        </p>
      )}
      <Table caption="Kinds of jobs on this node" columns={['Kind', 'Here', 'By which rule', 'What it does']}>
        {known.map((kind) => {
          const decision = verdict(kind, policy);
          return (
            <tr>
              <th scope="row">
                {decision.runs ? (
                  <a href={href(`/jobs/run?${new URLSearchParams({ kind, q: `id:${nodeId}` })}`)}>{kind}</a>
                ) : (
                  kind
                )}
              </th>
              <td>{decision.runs ? 'allowed' : <span class="unknown">no</span>}</td>
              <td>{decision.rule}</td>
              <td>{JOB_KINDS[kind].doc}</td>
            </tr>
          );
        })}
      </Table>
      <p class="field-hint">
        {known.length < KIND_NAMES.length &&
          `Its agent does not know ${known.length === 0 ? 'any kind' : `${KIND_NAMES.length - known.length} other kinds`}. `}
        The rules stand in a file on the host that no hub can change: <code>stoa-agent policy show</code>.
        Deny wins.
      </p>
    </>
  );
}

function verdict(kind: string, policy: LocalPolicy | undefined): { runs: boolean; rule: string } {
  if (policy === undefined) return { runs: false, rule: "the policy can't be read" };
  const { allowed, rule } = decideKind(policy, kind);
  return { runs: allowed, rule };
}

function policyOf({ policy, fault }: NodeWork): LocalPolicy | undefined {
  if (fault !== '') return undefined;
  try {
    return parseLocalPolicy(policy);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
