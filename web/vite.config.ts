import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env["TCHAP_SERVER"] ?? "http://127.0.0.1:8008";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    assetsInlineLimit: 0, // the content security policy allows no data: script or style
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: { main: "index.html", sw: "src/platform/push-worker.ts" },
      // The push worker's address does not change from one build to the next, and is at the top of what it serves.
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        // Our code changes more often than what it stands on, which browsers may then keep.
        codeSplitting: { groups: [{ name: "sdk", test: /node_modules\/matrix-js-sdk\/(?!lib\/rust-crypto)/u }] },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(["/_matrix", "/_tchap", "/config.json"].map((path) => [path, server])),
  },
  test: { include: ["tests/**/*.test.ts"], testTimeout: 30_000 },
});
