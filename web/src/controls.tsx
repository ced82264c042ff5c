/** The bar under the picture: play, where it stands, loudness, resolution, full screen. */
import { type RefObject, useEffect, useState } from "react";
import { Glyph } from "./glyph.tsx";
import { Resolution } from "./resolution.tsx";
import type { PanelProps } from "./room-screen.tsx";
import { SeekBar } from "./seek-bar.tsx";
import { playbackOf } from "./view.ts";

interface ControlsProps extends PanelProps {
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly stage: RefObject<HTMLElement | null>;
}

export function Controls({ room, view, t, video, stage }: ControlsProps) {
  const isPlaying = playbackOf(view) === "playing";
  return (
    <div className="controls">
      <button
        type="button"
        className="round"
        aria-label={isPlaying ? t.pause : t.playButton}
        onClick={() => void (isPlaying ? room.pause() : room.resume())}
      >
        <Glyph name={isPlaying ? "pause" : "play"} />
      </button>
      <SeekBar room={room} view={view} t={t} />
      <Loudness t={t} video={video} />
      <Resolution room={room} view={view} t={t} />
      <FullScreen t={t} stage={stage} />
    </div>
  );
}

function Loudness({ t, video }: Pick<ControlsProps, "t" | "video">) {
  const [sound, setSound] = useState({ isMuted: false, volume: 1 });
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    const read = (): void => setSound({ isMuted: element.muted, volume: element.volume });
    read();
    element.addEventListener("volumechange", read);
    return () => element.removeEventListener("volumechange", read);
  }, [video]);
  const change = (work: (element: HTMLVideoElement) => void): void => {
    if (video.current) work(video.current);
  };
  return (
    <div className="loudness">
      <button
        type="button"
        className="round"
        aria-label={sound.isMuted ? t.unmute : t.mute}
        onClick={() =>
          change((element) => {
            element.muted = !element.muted;
          })
        }
      >
        <Glyph name={sound.isMuted ? "silent" : "sound"} />
      </button>
      <input
        type="range"
        className="volume"
        aria-label={t.volume}
        min={0}
        max={1}
        step={0.05}
        value={sound.isMuted ? 0 : sound.volume}
        onChange={(event) => {
          const volume = Number(event.target.value);
          change((element) => {
            element.volume = volume;
            element.muted = volume === 0;
          });
        }}
      />
    </div>
  );
}

function FullScreen({ t, stage }: Pick<ControlsProps, "t" | "stage">) {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const read = (): void => setFull(document.fullscreenElement === stage.current);
    document.addEventListener("fullscreenchange", read);
    return () => document.removeEventListener("fullscreenchange", read);
  }, [stage]);
  const toggle = async (): Promise<void> => {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await stage.current?.requestFullscreen();
    } catch {
      // a browser that refuses (an iPhone, a frame) simply stays as it is
    }
  };
  return (
    <button
      type="button"
      className="round"
      aria-label={isFull ? t.leaveFullScreen : t.fullScreen}
      onClick={() => void toggle()}
    >
      <Glyph name={isFull ? "small" : "full"} />
    </button>
  );
}
