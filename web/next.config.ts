import { join } from "node:path";
import type { NextConfig } from "next";

/** A static export: signaling serves the files, so page and server are one origin and one port. */
const config: NextConfig = {
  output: "export",
  poweredByHeader: false,
  reactStrictMode: true,
  images: { unoptimized: true },
  transpilePackages: ["@loge/protocol"],
  turbopack: { root: join(import.meta.dirname, "..") },
};

export default config;
