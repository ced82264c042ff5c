import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { Refusal } from "@loge/protocol/errors";
import { parseMessage, type RTCCertificate } from "werift";
import type { Log } from "../log.ts";
import { createPacketCache, type PacketCache } from "../send/packet-cache.ts";
import { type Attachment, type AttachmentEvents, attachToIce } from "./attachment.ts";
import { makeCertificate } from "./certificate.ts";
import type { Address, IceConnection } from "./internals.ts";
import type { MuxProtocol } from "./mux-protocol.ts";
import { readStun } from "./stun.ts";

export interface MuxCounters {
  received: number;
  sent: number;
  sendErrors: number;
  /** STUN requests whose MESSAGE-INTEGRITY did not prove the password; never answered */
  forgedStun: number;
  /** STUN for no viewer or transaction of ours */
  strayStun: number;
  /** other datagrams from an address no viewer has proved */
  strayData: number;
  /** DTLS datagrams with a record no honest peer sends in clear */
  forgedRecords: number;
  moves: number;
}

/** One UDP port for all viewers. */
export interface Mux {
  readonly port: number;
  readonly counters: Readonly<MuxCounters>;
  /** The DTLS certificate of this process. */
  readonly certificate: RTCCertificate;
  /** RTP payloads, cut once for all viewers. */
  readonly packets: PacketCache;
  /** Puts a connection's ICE on this port, before candidates are gathered. */
  attach(ice: IceConnection, events: AttachmentEvents): Attachment;
  close(reason: string): Promise<void>;
}

const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;

/**
 * Opens the port on `bind` and announces `ips` (numeric IPv4) as host candidates; the first is the one paired, since one
 * socket serves them all. @throws Refusal PORT_TAKEN
 */
export async function openMux(o: {
  port: number;
  bind: string;
  ips: readonly string[];
  log: Log;
}): Promise<Mux> {
  const certificate = await makeCertificate();
  const socket = await openSocket(o.port, o.bind);
  const { port } = socket.address();
  const counters: MuxCounters = {
    received: 0,
    sent: 0,
    sendErrors: 0,
    forgedStun: 0,
    strayStun: 0,
    strayData: 0,
    forgedRecords: 0,
    moves: 0,
  };
  const byUfrag = new Map<string, Attachment>();
  const byAddress = new Map<string, Attachment>();
  const byTransaction = new Map<string, MuxProtocol>();
  const attachments = new Set<Attachment>();
  let closing: Promise<void> | undefined;

  const onStun = (datagram: Buffer, from: Address): void => {
    const stun = readStun(datagram);
    if (stun?.kind === "response") {
      const asker = byTransaction.get(stun.transaction);
      if (asker) asker.receive(datagram, from);
      else counters.strayStun++;
      return;
    }
    const viewer = stun?.localUfrag === undefined ? undefined : byUfrag.get(stun.localUfrag);
    const password = stun?.localUfrag === undefined ? undefined : viewer?.passwordOf(stun.localUfrag);
    if (stun?.kind !== "request" || !viewer || password === undefined) {
      counters.strayStun++;
      return;
    }
    if (!parseMessage(datagram, Buffer.from(password))) {
      counters.forgedStun++;
      return;
    }
    if (viewer.learn(from)) byAddress.set(keyOf(from), viewer);
    viewer.receive(datagram, from);
  };
  const onDatagram = (datagram: Buffer, info: RemoteInfo): void => {
    counters.received++;
    if (datagram.length === 0) return;
    const from: Address = [info.address, info.port];
    if ((datagram[0] ?? 0) < 4) {
      onStun(datagram, from);
      return;
    }
    const viewer = byAddress.get(keyOf(from));
    if (!viewer) {
      counters.strayData++;
      return;
    }
    if (viewer.follow(from)) counters.moves++;
    viewer.receive(datagram, from);
  };
  socket.on("message", (datagram, info) => {
    try {
      onDatagram(datagram, info);
    } catch (error) {
      o.log.warn({ error: String(error) }, "a datagram was dropped");
    }
  });
  socket.on("error", (error) => {
    counters.sendErrors++;
    o.log.warn({ code: codeOf(error) }, "the media port reported an error");
  });

  const mux: Mux = {
    port,
    counters,
    certificate,
    packets: createPacketCache(),
    attach: (ice, events) => {
      const attachment = attachToIce(ice, o.ips, events, {
        port,
        send: (datagram, [host, toPort]) => {
          if (closing !== undefined) return;
          counters.sent++;
          socket.send(datagram, toPort, host, (error) => {
            if (error) counters.sendErrors++;
          });
        },
        expectAnswer: (transaction, protocol) => byTransaction.set(transaction, protocol),
        forgetAnswer: (transaction) => byTransaction.delete(transaction),
        countForgedRecord: () => {
          counters.forgedRecords++;
        },
        detach: () => {
          attachments.delete(attachment);
          byUfrag.delete(attachment.ufrag);
          for (const [key, viewer] of byAddress) if (viewer === attachment) byAddress.delete(key);
        },
      });
      attachments.add(attachment);
      byUfrag.set(attachment.ufrag, attachment);
      return attachment;
    },
    close: (reason) => {
      closing ??= (async () => {
        o.log.info({ reason, port }, "media port closed");
        await Promise.all([...attachments].map((attachment) => attachment.portClosed(reason)));
        await new Promise<void>((done) => socket.close(() => done()));
      })();
      return closing;
    },
  };
  return mux;
}

const keyOf = ([host, port]: Address): string => `${host}:${port}`;

const codeOf = (error: Error): string => ("code" in error ? String(error.code) : error.message);

async function openSocket(port: number, bind: string): Promise<Socket> {
  // every address we send to is numeric, so no look-up may run; asynchronous only until bound, as dgram expects
  let bound = false;
  const socket = createSocket({
    type: "udp4",
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
    lookup: (host, _options, done) => {
      if (bound) done(null, host, 4);
      else setImmediate(() => done(null, host, 4));
    },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, bind, () => {
      bound = true;
      socket.off("error", reject);
      resolve();
    });
  }).catch((error: unknown) => {
    if (error instanceof Error && codeOf(error) === "EADDRINUSE")
      throw new Refusal("PORT_TAKEN", `UDP ${port}`);
    throw error;
  });
  return socket;
}
