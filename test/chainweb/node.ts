import type { Branch } from './branch.ts';
import {
  type Fault,
  type Faults,
  type NodeRequest,
  type NodeResponse,
  refused,
  withFault,
} from './exchange.ts';
import { type Chainweb, type NodeOptions, NodeView } from './node-view.ts';
import { PactNode } from './pact/pact-node.ts';
import { answerP2p } from './routes-p2p.ts';
import { answerService } from './routes-service.ts';

/** chainweb-node refuses longer bodies, and so do its peers. */
const BODY_BYTES = 2 ** 21;

/** One chainweb-node: its own view of the network, its transactions, and its two ports. */
export class SimulatedNode extends NodeView {
  /** What goes wrong with each answer until it is cleared. */
  fault: Faults | undefined;
  readonly pact: PactNode;

  constructor(chainweb: Chainweb, branch: Branch, options: NodeOptions & { name: string }) {
    super(chainweb, branch, options);
    this.pact = new PactNode(this);
  }

  /** Transactions of blocks that it leaves behind are pending again. */
  override follow(branch: Branch): void {
    const before = this.heads();
    super.follow(branch);
    for (const head of before) this.pact.reintroduce(head);
  }

  /** Answers as the node would, without a socket. */
  handle(request: NodeRequest): NodeResponse {
    this.chainweb.sync();
    const fault = typeof this.fault === 'function' ? this.fault(request) : this.fault;
    if (fault?.kind === 'slow') return { ...refused(503), later: this.#slowly(request, fault) };
    const response = fault?.before === true ? refused(503) : this.#answer(request);
    return response.later === undefined
      ? withFault(this.#timed(response), fault)
      : { ...response, later: response.later.then((late) => withFault(this.#timed(late), fault)) };
  }

  async #slowly(request: NodeRequest, { ms, before }: Fault & { kind: 'slow' }): Promise<NodeResponse> {
    const at = this.chainweb.clock.now() + ms;
    const wait = () => this.chainweb.until(() => (this.chainweb.clock.now() >= at ? true : undefined));
    if (before === true) await wait();
    const response = this.#answer(request);
    if (before !== true) await wait();
    return this.#timed(response.later === undefined ? response : await response.later);
  }

  #answer(request: NodeRequest): NodeResponse {
    const body = typeof request.body === 'string' ? Buffer.byteLength(request.body) : 0;
    if (body > BODY_BYTES) return refused(413, 'request body too large');
    return request.port === 'p2p' ? answerP2p(this, request) : answerService(this, request);
  }

  #timed(response: NodeResponse): NodeResponse {
    const headers = {
      ...response.headers,
      'x-server-timestamp': String(Math.floor(this.now / 1_000)),
      'x-chainweb-node-version': this.settings.packageVersion,
    };
    return { ...response, headers };
  }
}
