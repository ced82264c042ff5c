import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import "./tokens.css";
import "./base.css";
import "./join.css";
import "./room.css";
import "./library.css";
import "./people.css";
import "./stage.css";
import "./controls.css";
import "./talk.css";

export const metadata: Metadata = {
  title: "Loge",
  description: "A private screening room.",
  referrer: "no-referrer",
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  viewportFit: "cover",
  interactiveWidget: "resizes-content",
  themeColor: "#120d0c",
  colorScheme: "dark",
};

export default function Layout({ children }: { readonly children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
