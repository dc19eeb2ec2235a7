import { type Fault, type NodeRequest, type NodeResponse, refused, withFault } from './exchange.ts';
import { NodeView } from './node-view.ts';
import { answerP2p } from './routes-p2p.ts';
import { answerService } from './routes-service.ts';

/** chainweb-node refuses longer bodies, and so do its peers. */
const BODY_BYTES = 2 ** 21;

/** One chainweb-node: its own view of the network, and its two ports. */
export class SimulatedNode extends NodeView {
  /** What goes wrong with each answer until it is cleared. */
  fault: Fault | undefined;

  /** Answers as the node would, without a socket. */
  handle(request: NodeRequest): NodeResponse {
    this.chainweb.sync();
    const body = typeof request.body === 'string' ? Buffer.byteLength(request.body) : 0;
    const answer = request.port === 'p2p' ? answerP2p : answerService;
    const response = body > BODY_BYTES ? refused(413, 'request body too large') : answer(this, request);
    const timed = {
      ...response,
      headers: {
        ...response.headers,
        'x-server-timestamp': String(
          Math.floor((this.chainweb.clock.now() + this.settings.clockSkewMs) / 1_000),
        ),
        'x-chainweb-node-version': this.settings.packageVersion,
      },
    };
    return withFault(timed, this.fault);
  }
}
