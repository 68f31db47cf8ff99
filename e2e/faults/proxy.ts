/**
 * A TCP proxy that can be told to misbehave: what stands between a server and its Postgres or Redis in the fault campaign.
 * It copies bytes and knows no protocol.
 */
import { createServer, connect, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export type Mood =
  | "open"
  | "refused" // connections are reset, new ones too
  | "silent" // half-open: everything is accepted, nothing passes
  | "slow" // every piece waits `delayMs`, both ways
  | "deaf"; // requests pass and are carried out; answers are thrown away, then the connection is reset

/** How long a deaf proxy lets the other side work before it resets: a statement of ours takes at most 400 ms. */
const DEAF_MS = 300;

export class FaultProxy {
  mood: Mood = "open";
  delayMs = 0;
  /** Answers thrown away after their request had gone through. */
  answersLost = 0;
  /** Connections reset. */
  connectionsCut = 0;
  private connectionsRefused = 0;
  private readonly pairs = new Set<{ near: Socket; far: Socket }>();

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {
    server.on("connection", (near) => this.accept(near));
  }

  /** @param target a port on 127.0.0.1. */
  static async to(target: number): Promise<FaultProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FaultProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves when so many connections have been refused from now on. */
  async refused(times: number): Promise<void> {
    const until = this.connectionsRefused + times;
    while (this.connectionsRefused < until) await new Promise((resolve) => this.server.once("connection", resolve));
  }

  /** From now on; connections that are open keep the mood of the moment their bytes arrive. */
  be(mood: Mood, delayMs = 0): void {
    this.mood = mood;
    this.delayMs = delayMs;
    if (mood === "refused") this.cut();
  }

  /** Leads elsewhere from now on; old connections end. */
  leadTo(target: number): void {
    this.target = target;
    this.cut();
  }

  /** Resets every connection. */
  cut(): void {
    for (const { near, far } of this.pairs) {
      this.connectionsCut++;
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(near: Socket): void {
    if (this.mood === "refused") {
      this.connectionsRefused++;
      near.on("error", () => {});
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: this.target, host: "127.0.0.1", noDelay: true });
    const pair = { near, far };
    this.pairs.add(pair);
    const end = (): void => {
      this.pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    near.on("data", (bytes) => this.pass(bytes, far, false, end));
    far.on("data", (bytes) => this.pass(bytes, near, true, end));
  }

  private pass(bytes: Buffer, to: Socket, isAnswer: boolean, end: () => void): void {
    const write = (): void => {
      if (!to.destroyed) to.write(bytes);
    };
    switch (this.mood) {
      case "silent":
        return;
      case "deaf":
        if (isAnswer) {
          this.answersLost++;
          setTimeout(end, DEAF_MS).unref();
        } else write();
        return;
      case "slow":
        setTimeout(write, this.delayMs).unref();
        return;
      default:
        write();
    }
  }
}
