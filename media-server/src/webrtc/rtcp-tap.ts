import { type DtlsTransport, requireMembers } from "./internals.ts";

/**
 * Hands every RTCP datagram that SRTCP has proved to be the viewer's to `read`, as bytes. To be installed when the transport
 * is connected. @throws Error when werift has no SRTCP session where it should be
 */
export function installRtcpTap(transport: DtlsTransport, read: (compound: Buffer) => void): void {
  const session = transport.srtcp;
  if (!session) throw new Error("werift internals changed: srtcp is missing");
  requireMembers(session, ["decrypt"]);
  const decrypt = session.decrypt;
  session.decrypt = (datagram) => {
    const compound = decrypt.call(session, datagram);
    read(compound);
    return compound;
  };
}
