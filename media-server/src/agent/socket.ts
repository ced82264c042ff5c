/** The media server's one connection to signaling; the only file here that knows socket.io. */
import type { Session, SignalingWire } from "@loge/protocol/session";
import { SERVER_EVENTS } from "@loge/protocol/wire";
import { io } from "socket.io-client";

export interface SignalingSocket {
  close(): void;
}

const ACK_TIMEOUT_MS = 5000;

/** Keeps a session connected; reconnects by itself for as long as it is not closed. */
export function connectSignaling(url: string, ca: string | undefined, session: Session): SignalingSocket {
  const socket = io(url, {
    transports: ["websocket"],
    reconnectionDelay: 200,
    reconnectionDelayMax: 3000,
    timeout: 5000,
    ...(ca === undefined ? {} : { ca }),
  });
  const wire: SignalingWire = {
    request: (event, payload) =>
      socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, payload) as Promise<unknown>,
    close: () => socket.disconnect(),
  };
  socket.on("connect", () => session.attach(wire));
  socket.on("disconnect", (reason) => {
    session.detach();
    // socket.io does not come back by itself when the server hung up
    if (reason === "io server disconnect" && session.state.kind !== "closed")
      setTimeout(() => socket.connect(), 1000);
  });
  for (const event of Object.keys(SERVER_EVENTS))
    socket.on(event, (raw: unknown) => session.receive(event, raw));
  return { close: () => socket.disconnect() };
}
