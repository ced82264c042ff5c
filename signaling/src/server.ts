/** The one place of socket.io: sockets in, lobby connections out (security.md §4). */
import { randomBytes } from "node:crypto";
import type { Server as HttpServer, IncomingMessage } from "node:http";
import type { ErrorCode } from "@loge/protocol/errors";
import { Server, type Socket } from "socket.io";
import type { Connection, Lobby } from "./lobby.ts";
import type { Log } from "./log.ts";
import { clientAddress, isLoopbackAddress } from "./origin.ts";
import { route } from "./route.ts";

export interface SignalingOptions {
  readonly http: HttpServer;
  readonly lobby: Lobby;
  readonly log: Log;
  readonly behindProxy: boolean;
  /** A code refuses the connection before it is one. */
  readonly refusal: (request: IncomingMessage) => ErrorCode | undefined;
}

const MAX_MESSAGE_BYTES = 256 * 1024;
const SOCKETS_PER_ADDRESS = 20;
/** Tests, several tabs and the media server all come from here. */
const SOCKETS_FROM_LOOPBACK = 1_000;
const TICK_MS = 500;
/** A goodbye that is not read is not waited for. */
const CLOSE_MS = 1_000;

/** What is below a socket.io socket on a WebSocket, which its types do not say (engine.io 6, ws 8). */
interface Below {
  readonly writeBuffer: readonly { readonly data?: unknown }[];
  readonly transport: { readonly socket?: { readonly bufferedAmount: number; terminate(): void } };
}
const below = (socket: Socket): Below => socket.conn as unknown as Below;

const sizeOf = (data: unknown): number =>
  typeof data === "string" ? data.length : data instanceof Uint8Array ? data.byteLength : 0;

function queuedBytes(socket: Socket): number {
  const { writeBuffer, transport } = below(socket);
  let bytes = transport.socket?.bufferedAmount ?? 0;
  for (const packet of writeBuffer) bytes += sizeOf(packet.data);
  return bytes;
}

function connectionOf(socket: Socket, behindProxy: boolean): Connection {
  const forwarded = socket.handshake.headers["x-forwarded-for"];
  const forwardedFor = Array.isArray(forwarded) ? forwarded.at(-1) : forwarded;
  const address = clientAddress(socket.handshake.address, forwardedFor, behindProxy);
  const kill = (): void => {
    below(socket).transport.socket?.terminate();
    socket.disconnect(true);
  };
  return {
    id: socket.id,
    address,
    isLoopback: isLoopbackAddress(address),
    queuedBytes: () => queuedBytes(socket),
    send: (event, message) => {
      socket.emit(event, message);
    },
    close: (code) => {
      if (code !== undefined) socket.emit("bye", { v: 1, error: { code } });
      // a farewell of the server itself must look like a lost connection, else socket.io clients do not come back
      if (code === "SHUTTING_DOWN") socket.conn.close();
      else socket.disconnect(true);
      // engine.io waits for the goodbye to be read; a stopped reader would keep its buffer for long
      setTimeout(() => below(socket).transport.socket?.terminate(), CLOSE_MS).unref();
    },
    kill,
  };
}

export interface Signaling {
  close(): Promise<void>;
}

export function createSignaling(options: SignalingOptions): Signaling {
  const { lobby, log } = options;
  const perAddress = new Map<string, number>();
  const io = new Server(options.http, {
    transports: ["websocket"],
    allowRequest: (request, decide) => {
      const code = options.refusal(request);
      if (code !== undefined) log.info({ code }, "connection refused");
      decide(code ?? null, code === undefined);
    },
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    connectTimeout: 5_000,
    pingInterval: 10_000,
    pingTimeout: 8_000,
    cleanupEmptyChildNamespaces: true,
  });

  io.on("connection", (socket) => {
    const connection = connectionOf(socket, options.behindProxy);
    const { address } = connection;
    const open = (perAddress.get(address) ?? 0) + 1;
    if (open > (connection.isLoopback ? SOCKETS_FROM_LOOPBACK : SOCKETS_PER_ADDRESS)) {
      connection.close("RATE_LIMITED");
      return;
    }
    perAddress.set(address, open);
    socket.once("disconnect", () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
      lobby.exit(socket.id);
    });
    const handlers = lobby.enter(connection, randomBytes(32).toString("base64url"));
    // `use` sees every packet, whatever its name; nothing is ever handed to a listener
    socket.use((packet) => {
      if (socket.disconnected) return;
      void route(packet, {
        handlers,
        pay: (_event, bytes) => lobby.pay(socket.id, bytes),
        strike: ({ code }) => lobby.strike(socket.id, code),
        failed: (event, thrown) => log.error({ event, err: String(thrown) }, "handler failed"),
      });
    });
  });

  const timer = setInterval(() => lobby.tick(), TICK_MS);
  timer.unref();

  let closing: Promise<void> | undefined;
  return {
    close: () => {
      closing ??= (async () => {
        clearInterval(timer);
        lobby.close();
        await io.close();
      })();
      return closing;
    },
  };
}
