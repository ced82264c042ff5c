/** The picture and what stands around it. The media server's timeline says what is on; the buttons only ask. */
import { useEffect, useRef, useState } from "react";
import { Asking, Company } from "./control-room.tsx";
import { Controls } from "./controls.tsx";
import { followFrames } from "./film-clock.ts";
import type { PanelProps } from "./room-screen.tsx";
import { nameOf, playbackOf, titleName } from "./view.ts";

export function Stage({ room, view, t }: PanelProps) {
  const stage = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [isSilenced, setSilenced] = useState(false);
  const { stream, watch } = view;
  const screening = watch?.line.screening;
  const playback = playbackOf(view);

  // the film is above everything; who chose it far down in the library comes back to it
  useEffect(() => {
    if (screening) stage.current?.scrollIntoView({ block: "end" });
  }, [screening]);

  useEffect(() => {
    const element = video.current;
    if (element && stream && element.srcObject !== stream) element.srcObject = stream;
  }, [stream]);

  // Begins with sound; a browser that wants a tap first gets a silent film and a button for the tap.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each film and each connection asks anew
  useEffect(() => {
    const element = video.current;
    if (!element?.srcObject || !screening) return;
    if (isSilenced) element.muted = false;
    const start = async (): Promise<void> => {
      try {
        await element.play();
        if (!element.muted) setSilenced(false);
      } catch (thrown) {
        if (!(thrown instanceof DOMException) || thrown.name !== "NotAllowedError") return;
        element.muted = true;
        setSilenced(true);
        await element.play().catch(() => undefined);
      }
    };
    void start();
  }, [stream, screening]);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    const stop = followFrames(element, room.onFrame);
    const forget = (): void => {
      if (document.hidden) room.onFrame(undefined);
    };
    document.addEventListener("visibilitychange", forget);
    return () => {
      stop();
      document.removeEventListener("visibilitychange", forget);
    };
  }, [room]);

  const turnOnSound = (): void => {
    const element = video.current;
    if (!element) return;
    element.muted = false;
    element.play().then(
      () => setSilenced(false),
      () => undefined,
    );
  };
  const by = watch?.line.by === room.me.sid ? undefined : nameOf(view, watch?.line.by);
  return (
    <section className="stage" ref={stage} aria-label={t.film} data-on={watch !== undefined}>
      <div className="screen">
        {/* biome-ignore lint/a11y/useMediaCaption: live tracks of a connection carry no caption track */}
        <video ref={video} playsInline autoPlay />
        {playback === "ended" && (
          <div className="curtain">
            <p className="the-end">{t.theEnd}</p>
            <div className="curtain-verbs">
              <button type="button" className="primary" onClick={() => void room.stop()}>
                {t.backToLibrary}
              </button>
              <button type="button" onClick={() => void room.resume()}>
                {t.playAgain}
              </button>
            </div>
          </div>
        )}
        {playback === "reconnecting" && watch && (
          <div className="curtain">
            <p>{t.statusReconnecting}</p>
          </div>
        )}
        {playback === "paused" && <p className="whisper">{by === undefined ? t.paused : t.pausedBy(by)}</p>}
        {isSilenced && watch && (
          <button type="button" className="primary sound-tap" onClick={turnOnSound}>
            {t.soundOn}
          </button>
        )}
      </div>
      {watch && (
        <div className="desk">
          <Controls room={room} view={view} t={t} video={video} stage={stage} />
          <Asking room={room} view={view} t={t} />
          <div className="bill">
            <h2 className="bill-title">{titleName(view)}</h2>
            <Company room={room} view={view} t={t} />
            {playback !== "ended" && (
              <button type="button" className="quiet bill-back" onClick={() => void room.stop()}>
                {t.backToLibrary}
              </button>
            )}
          </div>
        </div>
      )}
    </section>
  );
}
