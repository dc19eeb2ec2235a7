import { absolute } from '../../console/format.ts';
import { Ago, Facts, Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { Rollout } from '../rollout.ts';

/** What it carries, by whose word. */
export function About({ rollout, now }: { rollout: Rollout; now: number }) {
  return (
    <Panel id="about" title="About">
      <Facts
        facts={[
          ...cargoFacts(rollout),
          {
            name: 'Begun',
            value: (
              <>
                <Ago at={rollout.createdAt} now={now} /> by {rollout.createdBy}
              </>
            ),
          },
          { name: 'Evidence since', value: absolute(rollout.course.judgedSince) },
          { name: 'Id', value: <code class="breaking">{rollout.rolloutId}</code> },
        ]}
      />
    </Panel>
  );
}

function cargoFacts({ cargo, evidence }: Rollout) {
  if (cargo.kind !== 'chainweb')
    return [
      {
        name: 'Release',
        value: <a href={href(`/admin/releases/${cargo.targetsVersion}`)}>targets {cargo.targetsVersion}</a>,
      },
      { name: 'Platforms', value: cargo.platforms.join(', ') },
      ...(cargo.downgrade ? [{ name: 'Way down', value: 'a root has signed it' }] : []),
    ];
  const { order, params, batchId } = cargo;
  const asked = evidence?.rings.some(({ nodes, waiting, others }) => nodes > waiting + others) ?? false;
  return [
    {
      name: 'Order',
      value:
        order === undefined
          ? 'no longer kept'
          : `signed by ${order.signedBy}; nodes take it until ${absolute(order.expiresAt)}`,
    },
    { name: 'What it orders', value: <code class="breaking">stoachain-upgrade {params}</code> },
    {
      name: 'Jobs',
      value: asked ? (
        <a href={href(`/jobs/batches/${batchId}`)}>of all nodes asked so far</a>
      ) : (
        'none was given out yet'
      ),
    },
    { name: 'Way down', value: 'what fails puts the former program back by itself' },
  ];
}
