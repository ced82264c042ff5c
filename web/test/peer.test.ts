import { describe, expect, test } from "vitest";
import { withStereo } from "../src/peer.ts";

const answer = (lines: readonly string[]): string =>
  ["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", ...lines, ""].join("\r\n");

describe("stereo in the answer", () => {
  test("is added to the parameters of Opus and to nothing else", () => {
    const sdp = answer([
      "a=rtpmap:111 opus/48000/2",
      "a=fmtp:111 minptime=10;useinbandfec=1",
      "a=fmtp:96 apt=97",
    ]);
    expect(withStereo(sdp)).toBe(sdp.replace("useinbandfec=1", "useinbandfec=1;stereo=1"));
  });

  test("makes a line of parameters where there is none", () => {
    expect(withStereo(answer(["a=rtpmap:111 opus/48000/2"]))).toBe(
      answer(["a=rtpmap:111 opus/48000/2", "a=fmtp:111 stereo=1"]),
    );
  });

  test("is said once, and sprop-stereo does not count as said", () => {
    const sdp = answer(["a=rtpmap:111 opus/48000/2", "a=fmtp:111 sprop-stereo=1"]);
    const once = withStereo(sdp);
    expect(once).toContain("a=fmtp:111 sprop-stereo=1;stereo=1\r\n");
    expect(withStereo(once)).toBe(once);
  });

  test("leaves an answer without Opus alone", () => {
    const sdp = answer(["a=rtpmap:0 PCMU/8000"]);
    expect(withStereo(sdp)).toBe(sdp);
  });
});
