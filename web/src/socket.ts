/** The only file with socket.io-client: one WebSocket to the page's own origin, reconnecting quickly and for ever. */
import type { SignalingWire } from "@loge/protocol/session";
import { io } from "socket.io-client";

const ANSWER_TIMEOUT_MS = 5000;
const AGAIN_MS = 300;
const EVENTS = ["hello", "roster", "envelope", "bye"] as const;

export interface SocketHandlers {
  connected(wire: SignalingWire): void;
  disconnected(): void;
  /** A first or later attempt failed; it goes on trying. */
  unreachable(): void;
  event(name: string, payload: unknown): void;
}

export interface Socket {
  close(): void;
}

export function openSocket(handlers: SocketHandlers): Socket {
  const socket = io({
    transports: ["websocket"],
    reconnectionDelay: 200,
    reconnectionDelayMax: 3000,
    timeout: ANSWER_TIMEOUT_MS,
    autoConnect: false,
  });
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
    socket.disconnect();
  };
  const wire: SignalingWire = {
    request: (event, payload) => {
      // socket.io would keep it for the next connection, where its answer means nothing to anybody
      if (!socket.connected) return Promise.reject(new Error("not connected"));
      return socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck(event, payload);
    },
    close,
  };
  for (const name of EVENTS) socket.on(name, (payload: unknown) => handlers.event(name, payload));
  socket.on("connect", () => handlers.connected({ ...wire }));
  socket.on("connect_error", () => handlers.unreachable());
  socket.on("disconnect", (reason) => {
    handlers.disconnected();
    // socket.io takes a server that closes for a final word; ours says so with `bye` and may only be restarting
    if (reason === "io server disconnect") setTimeout(() => !isClosed && socket.connect(), AGAIN_MS);
  });
  socket.connect();
  return { close };
}
