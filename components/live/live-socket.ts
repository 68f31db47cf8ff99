/**
 * The browser's one socket. It fills a LiveStore and keeps it right: joins after every connect, joins again on a gap,
 * leaves the rooms while the tab is hidden, and tells when the session is over.
 */
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";
import { SOCKET_PATH } from "@/server/contracts/socket-events";
import type {
  ClientToServerEvents,
  JoinAnswer,
  RoomSnapshots,
  ServerToClientEvents,
} from "@/server/contracts/socket-events";
import type { LiveStore } from "./live-store";

/** A tab that is looked at again within this time has missed nothing. */
const HIDDEN_GRACE_MS = 5_000;
const TIME_EVERY_MS = 30_000;
const ANSWER_WITHIN_MS = 5_000;
/** Between two snapshots for gaps: a slow line must not be filled with snapshots. */
const REJOIN_EVERY_MS = 1_000;
const RETRY_MS = 3_000;

type WatchedRoom = "overview" | "transactions";

export class LiveSocket {
  private readonly store: LiveStore;
  private readonly onSignedOut: () => void;
  private readonly socket: Socket<ServerToClientEvents, ClientToServerEvents>;
  private readonly joining = new Set<WatchedRoom>();
  private readonly timers = new Set<number>();
  private hiddenTimer = 0;
  private paused = false;
  private closed = false;

  constructor(store: LiveStore, onSignedOut: () => void) {
    this.store = store;
    this.onSignedOut = onSignedOut;
    this.socket = io({
      path: SOCKET_PATH,
      transports: ["websocket", "polling"],
      reconnectionDelay: 500,
      reconnectionDelayMax: RETRY_MS,
      autoConnect: false,
    });
    this.socket.on("connect", () => this.connected());
    this.socket.on("disconnect", (reason) => {
      this.store.connected(navigator.onLine ? "reconnecting" : "offline");
      if (reason === "io server disconnect") this.later(RETRY_MS, () => this.socket.connect());
    });
    this.socket.on("connect_error", (error) => {
      if (error.message === "UNAUTHENTICATED") return this.signedOut();
      this.store.connected(navigator.onLine ? "reconnecting" : "offline");
      if (!this.socket.active) this.later(RETRY_MS, () => this.socket.connect());
    });
    this.socket.on("ended", () => this.signedOut());
    this.socket.on("pulse", (atMs) => this.store.heard(atMs));
    this.socket.on("overview", (delta) => this.store.applyOverview(delta) || this.rejoin("overview"));
    this.socket.on("transactions", (delta) => this.store.applyTransactions(delta) || this.rejoin("transactions"));
  }

  open(): void {
    document.addEventListener("visibilitychange", this.visibility);
    window.addEventListener("online", this.online);
    window.addEventListener("offline", this.offline);
    this.timers.add(window.setInterval(() => this.askTime(), TIME_EVERY_MS));
    this.socket.connect();
  }

  /** Now, not at the next try. */
  retry(): void {
    this.socket.disconnect().connect();
  }

  close(): void {
    this.closed = true;
    document.removeEventListener("visibilitychange", this.visibility);
    window.removeEventListener("online", this.online);
    window.removeEventListener("offline", this.offline);
    for (const timer of this.timers) window.clearTimeout(timer);
    window.clearTimeout(this.hiddenTimer);
    this.socket.disconnect();
  }

  private connected(): void {
    this.joining.clear();
    this.askTime();
    if (this.paused) return;
    this.join("overview");
    this.join("transactions");
  }

  private join(room: WatchedRoom): void {
    if (this.joining.has(room)) return;
    this.joining.add(room);
    this.socket.timeout(ANSWER_WITHIN_MS).emit("join", room, (error: Error | null, answer: JoinAnswer) => {
      this.joining.delete(room);
      if (error !== null || !answer.ok) return this.later(RETRY_MS, () => this.socket.connected && this.join(room));
      if (room === "overview") this.store.resetOverview(answer.snapshot as RoomSnapshots["overview"]);
      else this.store.resetTransactions(answer.snapshot as RoomSnapshots["transactions"]);
      this.store.connected("live");
    });
  }

  private rejoin(room: WatchedRoom): void {
    if (this.joining.has(room)) return;
    this.joining.add(room);
    this.later(REJOIN_EVERY_MS, () => {
      this.joining.delete(room);
      if (this.socket.connected && !this.paused) this.join(room);
    });
  }

  private askTime(): void {
    if (!this.socket.connected) return;
    const askedAtMs = performance.now();
    this.socket.timeout(ANSWER_WITHIN_MS).emit("time", (error: Error | null, atMs: number) => {
      if (error === null) this.store.clock.measured(atMs, performance.now() - askedAtMs);
    });
  }

  private signedOut(): void {
    if (this.closed) return;
    this.store.connected("signedOut");
    this.close();
    this.onSignedOut();
  }

  private readonly visibility = (): void => {
    window.clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = window.setTimeout(() => {
        this.paused = true;
        this.socket.emit("leave", "overview");
        this.socket.emit("leave", "transactions");
      }, HIDDEN_GRACE_MS);
    } else if (this.paused) {
      this.paused = false;
      if (this.socket.connected) this.connected();
    }
  };

  private readonly online = (): void => {
    if (!this.socket.connected) this.retry();
  };

  private readonly offline = (): void => {
    this.store.connected("offline");
  };

  private later(delayMs: number, task: () => void): void {
    const timer = window.setTimeout(() => {
      this.timers.delete(timer);
      task();
    }, delayMs);
    this.timers.add(timer);
  }
}
