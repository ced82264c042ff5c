import type { RTCDataChannel } from "werift";
import type { Channel } from "./peer.ts";

/** A data channel that never throws: what cannot be sent is dropped, the closing will be told. */
export function wrapChannel(channel: RTCDataChannel, onFault: (error: unknown) => void): Channel {
  const wrapped: Channel = {
    label: channel.label,
    get open() {
      return channel.readyState === "open";
    },
    get bufferedAmount() {
      return channel.bufferedAmount;
    },
    send: (data) => {
      if (channel.readyState !== "open") return;
      try {
        channel.send(typeof data === "string" ? data : Buffer.from(data));
      } catch (error) {
        onFault(error);
      }
    },
    onMessage: undefined,
    onOpen: undefined,
    onClose: undefined,
  };
  const guarded = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      onFault(error);
    }
  };
  channel.onMessage.subscribe((data) => guarded(() => wrapped.onMessage?.(data)));
  channel.stateChanged.subscribe((state) => {
    if (state === "open") guarded(() => wrapped.onOpen?.());
    if (state === "closed") guarded(() => wrapped.onClose?.());
  });
  return wrapped;
}
