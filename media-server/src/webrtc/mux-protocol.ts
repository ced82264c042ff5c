import { StunProtocol } from "werift";
import type { Address } from "./internals.ts";

/** What a protocol needs of the shared socket. */
export interface MuxPort {
  readonly port: number;
  send(datagram: Buffer, to: Address): void;
  expectAnswer(transaction: string, protocol: MuxProtocol): void;
  forgetAnswer(transaction: string): void;
  countForgedRecord(): void;
  detach(): void;
}

interface FedProtocol {
  transport: unknown;
  datagramReceived(datagram: Buffer, from: Address): void;
}

/** werift's STUN protocol without a socket of its own: datagrams come from and go to the mux (facts: webrtc §1). */
export class MuxProtocol extends StunProtocol {
  readonly #mux: MuxPort;
  readonly #fed: FedProtocol;

  constructor(mux: MuxPort, ip: string) {
    super();
    this.#mux = mux;
    this.#fed = this as unknown as FedProtocol;
    this.localIp = ip;
    const transport = {
      type: "udp",
      closed: false,
      addressFamily: 4,
      host: ip,
      port: mux.port,
      address: { address: ip, port: mux.port, family: "IPv4" },
      send: (datagram: Buffer, to: Address): Promise<void> => {
        mux.send(datagram, to);
        return Promise.resolve();
      },
      close: (): Promise<void> => {
        transport.closed = true;
        mux.detach();
        return Promise.resolve();
      },
    };
    this.#fed.transport = transport;
  }

  receive(datagram: Buffer, from: Address): void {
    this.#fed.datagramReceived(datagram, from);
  }

  /** Answers are routed by transaction id: two viewers may claim the same private address. */
  override async request(...args: Parameters<StunProtocol["request"]>): ReturnType<StunProtocol["request"]> {
    const transaction = args[0].transactionIdHex;
    this.#mux.expectAnswer(transaction, this);
    try {
      return await super.request(...args);
    } finally {
      this.#mux.forgetAnswer(transaction);
    }
  }
}
