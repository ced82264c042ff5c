import { createSocket, type Socket } from "node:dgram";

/** A UDP relay between one viewer and the mux: drops RTP on its way to the viewer, or takes a new outward port. */
export interface Relay {
  /** the offer with every candidate pointing at the relay */
  through(offer: string): string;
  /** the answer without candidates, so that the relay is the only way */
  bare(answer: string): string;
  /** From now on the server sees another source port. */
  rebind(): Promise<void>;
  lossShare: number;
  readonly droppedRtp: number;
  close(): void;
}

const isRtp = (datagram: Buffer): boolean => {
  const [first = 0, second = 0] = datagram;
  return first >= 128 && first < 192 && !(second >= 192 && second <= 223);
};

export async function openRelay(muxPort: number): Promise<Relay> {
  const front = await bound();
  let viewer: { address: string; port: number } | undefined;
  let dropped = 0;
  // a fixed sequence, so that a run can be repeated
  let random = 12345;
  const chance = (): number => {
    random = (random * 1103515245 + 12345) % 2 ** 31;
    return random / 2 ** 31;
  };
  const openBack = async (): Promise<Socket> => {
    const socket = await bound();
    socket.on("message", (datagram) => {
      if (!viewer) return;
      if (isRtp(datagram) && chance() < relay.lossShare) {
        dropped++;
        return;
      }
      front.send(datagram, viewer.port, viewer.address);
    });
    return socket;
  };
  const relay: Relay = {
    through: (offer) =>
      offer.replace(/^(a=candidate:\S+ \d+ udp \d+ \S+ )\d+/gm, `$1${front.address().port}`),
    bare: (answer) => answer.replace(/^a=candidate:.*\r\n/gm, ""),
    rebind: async () => {
      const old = back;
      back = await openBack();
      old.close();
    },
    lossShare: 0,
    get droppedRtp() {
      return dropped;
    },
    close: () => {
      front.close();
      back.close();
    },
  };
  let back = await openBack();
  front.on("message", (datagram, from) => {
    viewer = from;
    back.send(datagram, muxPort, "127.0.0.1");
  });
  return relay;
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 2 * 1024 * 1024 });
  socket.on("error", () => {});
  await new Promise<void>((done) => socket.bind(0, "0.0.0.0", done));
  return socket;
}
