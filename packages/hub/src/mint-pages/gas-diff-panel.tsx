import { number } from '../console/format.ts';
import { Panel, Table, Unknown } from '../console/parts.tsx';
import { Preflight } from './parts.tsx';
import type { Sweep } from './sweep.ts';
import { nameOf } from './words.ts';

/** Per transaction what the model reckoned, what nodes said before it was signed, and what it took. */
export function GasDiffPanel({ sweep }: { sweep: Sweep }) {
  return (
    <Panel id="gas" title="Gas" aside="nodes are asked right before each transaction is signed">
      <Table
        caption="Gas by the model, by nodes and on chain"
        columns={[
          ...['Chain', 'What'],
          ...['Model, at most', 'Nodes said', 'Signed for', 'It took'].map(
            (word) => ({ word, num: true }) as const,
          ),
        ]}
      >
        {sweep.transactions.map((one) => (
          <tr>
            <th scope="row">{one.chain}</th>
            <td>{nameOf(one)}</td>
            <td class="num">{number(one.modelGas)}</td>
            <td class="num">
              <Preflight of={one} />
            </td>
            <td class="num">
              {one.attempts.length === 0 ? <Unknown why="not signed yet" /> : number(one.gasLimit)}
            </td>
            <td class="num">{one.gas === undefined ? <Unknown why="in no block" /> : number(one.gas)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
