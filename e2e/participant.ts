/**
 * `npm run participant` as a process of its own, to be killed and started again: what is really down refuses connections.
 * Its port is chosen before the application starts, because the application has to allow its host.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_DIR } from "../server/config.ts";

const READY_MS_MAX = 30_000;

export class PlayParticipant {
  private readonly folder = mkdtempSync(join(tmpdir(), "participant-e2e-"));
  private child: ChildProcess | null = null;

  private constructor(readonly port: number) {}

  static async choosePort(): Promise<PlayParticipant> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return new PlayParticipant(port);
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As an order service names it in a Try. */
  get urls(): { tryUrl: string; confirmUrl: string; cancelUrl: string } {
    const url = `http://${this.host}`;
    return { tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel` };
  }

  /** With the fence that it left behind. */
  async start(): Promise<void> {
    if (this.child !== null) return;
    const args = ["--import", "tsx", "scripts/participant/main.ts", "--port", String(this.port), "--data", this.folder];
    const child = spawn(process.execPath, args, { cwd: PROJECT_DIR, stdio: ["ignore", "pipe", "inherit"] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the participant did not start")), READY_MS_MAX);
      child.once("exit", () => reject(new Error("the participant ended")));
      child.stdout?.on("data", (chunk: Buffer) => {
        if (!chunk.toString().includes("listens on")) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    this.child = null;
    child.removeAllListeners("exit");
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
