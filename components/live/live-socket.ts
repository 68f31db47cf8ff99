/**
 * The browser's one socket. It fills what follows its rooms and keeps it right: joins after every connect, joins again on a gap,
 * leaves the rooms while the tab is hidden, and tells when the session is over.
 */
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";
import { SOCKET_PATH } from "@/server/contracts/socket-events";
import type {
  ClientToServerEvents,
  JoinAnswer,
  Room,
  RoomDeltas,
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

/** Somebody who keeps what one room says. */
export interface RoomFollower<R extends Room> {
  room: R;
  reset(snapshot: RoomSnapshots[R]): void;
  /** @returns false when a number is missing: a snapshot is asked for. */
  apply(delta: RoomDeltas[R]): boolean;
}

/** Of any room; made by `follow`, which knows that a room's snapshots and deltas are its own. */
export interface Following {
  readonly room: Room;
  reset(snapshot: unknown): void;
  apply(delta: unknown): boolean;
}

export function follow<R extends Room>({ room, reset, apply }: RoomFollower<R>): Following {
  return { room, reset: (snapshot) => reset(snapshot as RoomSnapshots[R]), apply: (delta) => apply(delta as RoomDeltas[R]) };
}

export interface SocketListener {
  signedOut(): void;
  /** Whoever is signed in here has another role, or another name. */
  operatorChanged(): void;
}

export class LiveSocket {
  private readonly store: LiveStore;
  private readonly tell: SocketListener;
  private readonly following: readonly Following[];
  private readonly socket: Socket<ServerToClientEvents, ClientToServerEvents>;
  private readonly joining = new Set<Room>();
  private readonly timers = new Set<number>();
  private hiddenTimer = 0;
  private paused = false;
  private closed = false;

  constructor(store: LiveStore, tell: SocketListener, following: readonly Following[]) {
    this.store = store;
    this.tell = tell;
    this.following = following;
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
    this.socket.on("operator", () => this.tell.operatorChanged());
    this.socket.on("pulse", (atMs) => this.store.heard(atMs));
    for (const followed of following) {
      const listen = this.socket.on.bind(this.socket) as (room: Room, listener: (delta: unknown) => void) => void;
      listen(followed.room, (delta) => followed.apply(delta) || this.rejoin(followed));
    }
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
    for (const followed of this.following) this.join(followed);
  }

  private join(followed: Following): void {
    const { room } = followed;
    if (this.joining.has(room)) return;
    this.joining.add(room);
    this.socket.timeout(ANSWER_WITHIN_MS).emit("join", room, (error: Error | null, answer: JoinAnswer) => {
      this.joining.delete(room);
      if (error !== null || !answer.ok) return this.later(RETRY_MS, () => this.socket.connected && this.join(followed));
      followed.reset(answer.snapshot);
      this.store.connected("live");
    });
  }

  private rejoin(followed: Following): void {
    if (this.joining.has(followed.room)) return;
    this.joining.add(followed.room);
    this.later(REJOIN_EVERY_MS, () => {
      this.joining.delete(followed.room);
      if (this.socket.connected && !this.paused) this.join(followed);
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
    this.tell.signedOut();
  }

  private readonly visibility = (): void => {
    window.clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = window.setTimeout(() => {
        this.paused = true;
        for (const { room } of this.following) this.socket.emit("leave", room);
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
