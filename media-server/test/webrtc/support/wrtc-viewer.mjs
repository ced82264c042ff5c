// A terminal viewer in a process of its own: wrtc brings a process down unless it ends by process.exit.
import wrtc from "wrtc";

const pc = new wrtc.RTCPeerConnection();
const sinks = [];
let frames = 0;
let size = "";
let samples = 0;
const channels = [];

pc.ontrack = ({ track }) => {
  if (track.kind === "video") {
    const sink = new wrtc.nonstandard.RTCVideoSink(track);
    sink.onframe = ({ frame }) => {
      frames++;
      size = `${frame.width}x${frame.height}`;
    };
    sinks.push(sink);
  } else {
    const sink = new wrtc.nonstandard.RTCAudioSink(track);
    sink.ondata = ({ samples: block }) => {
      if (block.some((sample) => Math.abs(sample) > 500)) samples += block.length;
    };
    sinks.push(sink);
  }
};
pc.ondatachannel = ({ channel }) => channels.push(channel.label);

process.on("message", async (message) => {
  if (message.offer) {
    await pc.setRemoteDescription({ type: "offer", sdp: message.offer });
    await pc.setLocalDescription(await pc.createAnswer());
    while (pc.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 20));
    process.send({ answer: pc.localDescription.sdp });
  } else if (message.count) {
    const video = [...(await pc.getStats()).values()].find(
      (s) => s.type === "inbound-rtp" && s.kind === "video",
    );
    process.send({
      frames,
      size,
      samples,
      channels,
      decoded: video?.framesDecoded ?? 0,
    });
  } else {
    for (const sink of sinks) sink.stop();
    pc.close();
    process.exit(0);
  }
});
process.on("disconnect", () => process.exit(1));
