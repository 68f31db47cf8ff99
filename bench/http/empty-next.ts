/**
 * A Next application with one empty route handler, built for production in a folder beside the project's own build: what the same
 * request costs when Next carries it. It is rebuilt when Next's version changed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PROJECT_DIR } from "../../server/config.ts";

const ROUTE = `export const dynamic = "force-dynamic";
export async function POST(request) {
  await request.text();
  return Response.json({});
}
`;

/** @returns its folder; null when it cannot be built here, with the reason said. */
export async function emptyNext(say: (sentence: string) => void): Promise<string | null> {
  const dir = join(PROJECT_DIR, ".cache", "bench-next");
  const require = createRequire(import.meta.url);
  const { version } = require("next/package.json") as { version: string };
  const stamp = join(dir, "built-with");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === version) return dir;
  mkdirSync(join(dir, "app/api/empty-next"), { recursive: true });
  writeFileSync(join(dir, "app/api/empty-next/route.js"), ROUTE);
  writeFileSync(join(dir, "app/layout.js"), "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n");
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }\n');
  // Its root is the project, whose packages it uses.
  writeFileSync(join(dir, "next.config.mjs"), `export default { turbopack: { root: ${JSON.stringify(PROJECT_DIR)} } };\n`);
  if (!existsSync(join(dir, "node_modules"))) symlinkSync(join(PROJECT_DIR, "node_modules"), join(dir, "node_modules"));
  say("building an empty Next application");
  const child = spawn(process.execPath, [require.resolve("next/dist/bin/next"), "build", dir], { cwd: dir, env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) {
    process.stderr.write(`The empty Next application could not be built:\n${output.slice(-800)}\n`);
    return null;
  }
  writeFileSync(stamp, version);
  return dir;
}
