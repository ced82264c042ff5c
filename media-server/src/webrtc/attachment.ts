import { randomBytes } from "node:crypto";
import { Candidate, candidateFoundation, candidatePriority, parseMessage } from "werift";
import type { Address, IceConnection, IceProtocol } from "./internals.ts";
import { type MuxPort, MuxProtocol } from "./mux-protocol.ts";

export interface AttachmentEvents {
  /** The viewer's address has changed and packets go to the new one. */
  moved(): void;
  portClosed(reason: string): Promise<void>;
}

/** One viewer on the shared port. */
export interface Attachment {
  readonly ufrag: string;
  passwordOf(ufrag: string): string | undefined;
  receive(datagram: Buffer, from: Address): void;
  /** An authenticated check came from here. @returns false when the viewer has shown too many addresses */
  learn(from: Address): boolean;
  /** Data came from here: if the address is validated and not the one in use, use it. @returns true when it moved */
  follow(from: Address): boolean;
  portClosed(reason: string): Promise<void>;
  /** To be told when the record guard has dropped something. */
  countForgedRecord(): void;
  /** Takes the viewer off the port; idempotent. */
  detach(): void;
}

const SUCCEEDED = 3;
const MAX_ADDRESSES = 64;
const UFRAG_BYTES = 12;

/** Replaces how a connection gathers its host candidates: ours are on the mux; werift still adds its relay. */
export function attachToIce(
  ice: IceConnection,
  ips: readonly string[],
  events: AttachmentEvents,
  port: MuxPort,
): Attachment {
  const [ip = "127.0.0.1"] = ips;
  // werift's own fragment has four characters: too few when all viewers share a port
  const ufrag = randomBytes(UFRAG_BYTES).toString("base64url");
  delete ice.userHistory[ice.localUsername];
  ice.localUsername = ufrag;
  ice.localPassword = randomBytes(24).toString("base64url");
  ice.userHistory[ufrag] = ice.localPassword;
  authenticateRequests(ice);

  const protocol = new MuxProtocol(port, ip);
  const gatherRelays = ice.getCandidatePromises.bind(ice);
  const candidate = (host: string): Candidate =>
    new Candidate(
      candidateFoundation("host", "udp", host),
      1,
      "udp",
      candidatePriority("host", { transport: "udp" }),
      host,
      port.port,
      "host",
      undefined,
      undefined,
      undefined,
      ice.generation,
      ufrag,
    );
  const gatherHosts = async (): Promise<Candidate> => {
    const paired = candidate(ip);
    protocol.localCandidate = paired;
    ice.ensureProtocol(protocol);
    ice.protocols.push(protocol);
    ice.pairLocalProtocol(protocol);
    ice.appendLocalCandidate(paired);
    for (const other of ips.slice(1)) ice.appendLocalCandidate(candidate(other));
    return paired;
  };
  ice.getCandidatePromises = (_addresses, timeoutS) => [gatherHosts(), ...gatherRelays([], timeoutS)];

  const addresses = new Set<string>();
  return {
    ufrag,
    passwordOf: (name) => ice.userHistory[name],
    receive: (datagram, from) => protocol.receive(datagram, from),
    learn: ([host, remotePort]) => {
      const key = `${host}:${remotePort}`;
      if (!addresses.has(key) && addresses.size >= MAX_ADDRESSES) return false;
      addresses.add(key);
      return true;
    },
    follow: ([host, remotePort]) => {
      const isHere = (address: Address): boolean => address[0] === host && address[1] === remotePort;
      if (!ice.nominated || isHere(ice.nominated.remoteAddr)) return false;
      const pair = ice.checkList.find((p) => p.protocol === protocol && isHere(p.remoteAddr));
      if (pair?.state !== SUCCEEDED) return false;
      ice.resetNominatedPair();
      pair.nominated = true;
      ice.nominated = pair;
      ice.queryConsent();
      events.moved();
      return true;
    },
    portClosed: (reason) => events.portClosed(reason),
    countForgedRecord: () => port.countForgedRecord(),
    detach: () => port.detach(),
  };
}

/** werift answers STUN requests without checking MESSAGE-INTEGRITY; here none passes unproved, by mux or relay. */
export function authenticateRequests(ice: IceConnection): void {
  const ensure = ice.ensureProtocol.bind(ice);
  ice.ensureProtocol = (protocol: IceProtocol) => {
    const pass = protocol.onRequestReceived.execute;
    protocol.onRequestReceived.execute = (message, from, datagram) => {
      const username: unknown = message.getAttributeValue("USERNAME");
      const password =
        typeof username === "string" ? ice.userHistory[username.split(":", 1)[0] ?? ""] : undefined;
      if (password !== undefined && parseMessage(datagram, Buffer.from(password)))
        pass(message, from, datagram);
    };
    ensure(protocol);
  };
}
