/**
 * Socket.IO on the HTTP server: lets signed-in operators listen to rooms of the live board. It carries no commands.
 * A socket lives as long as its session: asked at the handshake, then every few seconds, and at once on sign-out here.
 * Next adds an upgrade listener of its own to the same server; no page may match SOCKET_PATH, or Next ends these sockets.
 */
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { Server } from "socket.io";
import type { Socket } from "socket.io";
import type { Auth, OperatorSession } from "../auth/auth.ts";
import { isSameOrigin } from "../auth/same-origin.ts";
import { CLIENT_EVENTS, dishOfRoom, dishRoomName, isRoom, SOCKET_PATH } from "../contracts/socket-events.ts";
import type { ClientToServerEvents, JoinAnswer, Room, ROOMS, ServerToClientEvents } from "../contracts/socket-events.ts";
import type { LiveBoard } from "./board.ts";

/** Whoever is signed out, disabled or given another role is noticed at once; a notice that got lost, within this time. */
const SESSION_CHECK_MS = 5_000;
const PULSE_MS = 1_000;
/** A browser joins three rooms, and again after each gap; more in ten seconds is not a browser of ours. */
const JOINS_MAX = 40;
const JOINS_WINDOW_MS = 10_000;
/** Room names and nothing else come in. */
const MESSAGE_BYTES_MAX = 4_096;
const SOCKETS_MAX = 500;
/** Tabs of one browser. */
const SOCKETS_PER_SESSION_MAX = 40;
/** From here on only who is signed in is let in at all: nobody can take the places away by knocking. */
const KNOCKING_MAX = 100;
/** A browser says who it is at once. */
const KNOCKING_MS_MAX = 5_000;
/** Packets waiting for one browser: three seconds of updates. Beyond, it misses some, sees the gap and asks for a snapshot. */
const WAITING_PACKETS_MAX = 16;

interface SocketData {
  session: OperatorSession;
  joins: number;
  joinsSinceMs: number;
}

type LiveServer = Server<ClientToServerEvents, ServerToClientEvents, Record<string, never>, SocketData>;
type LiveSocket = Socket<ClientToServerEvents, ServerToClientEvents, Record<string, never>, SocketData>;

export interface GatewayDeps {
  board: LiveBoard;
  auth: Pick<Auth, "readSession" | "findSessions" | "onChange">;
  onError: (error: unknown) => void;
  /** Tests shorten it. */
  sessionCheckMs?: number;
}

export interface Gateway {
  /** Ends every socket and stops listening to the board. */
  close(): Promise<void>;
  socketCount(): number;
}

export function createGateway(httpServer: HttpServer, deps: GatewayDeps): Gateway {
  const { board, auth, onError, sessionCheckMs = SESSION_CHECK_MS } = deps;
  const io: LiveServer = new Server(httpServer, {
    path: SOCKET_PATH,
    serveClient: false,
    transports: ["websocket", "polling"],
    maxHttpBufferSize: MESSAGE_BYTES_MAX,
    pingInterval: 10_000,
    pingTimeout: 8_000,
    // A list of hundreds of dishes compresses ten to one; a single tick is not worth the work.
    perMessageDeflate: { threshold: 4_096 },
    // Upgrades that are not ours belong to whoever else listens on this server.
    destroyUpgrade: false,
    connectTimeout: KNOCKING_MS_MAX,
    allowRequest: (request, decide) => {
      const headers = headersOf(request);
      const answer = (allowed: boolean) => decide(allowed ? null : "forbidden", allowed);
      const { size } = io.of("/").sockets;
      if (!isSameOrigin(headers, false) || size >= SOCKETS_MAX) return answer(false);
      if (io.engine.clientsCount - size < KNOCKING_MAX) return answer(true);
      auth.readSession(headers).then(({ session }) => answer(session !== null), () => answer(false));
    },
  });

  const socketsOf = (sessionId: string) => {
    let count = 0;
    for (const socket of io.of("/").sockets.values()) if (socket.data.session.sessionId === sessionId) count += 1;
    return count;
  };

  io.use((socket, next) => {
    auth
      .readSession(headersOf(socket.request))
      .then(({ session }) => {
        if (session === null) return next(new Error("UNAUTHENTICATED"));
        if (socketsOf(session.sessionId) >= SOCKETS_PER_SESSION_MAX) return next(new Error("TOO_MANY"));
        socket.data = { session, joins: 0, joinsSinceMs: 0 };
        next();
      })
      .catch((error: unknown) => {
        onError(error);
        next(new Error("UNAVAILABLE"));
      });
  });

  // A room of the board is listened to only while a socket is in it: the board reads nothing for an empty one.
  const stopListening = new Map<Room, () => void>();
  const listen = (room: Room) => {
    if (stopListening.has(room)) return;
    const dishId = dishOfRoom(room);
    if (dishId !== null) {
      const name = dishRoomName(dishId);
      const stop = board.dishPages.page(dishId)?.room.listen((delta) => keepingUp(io, name).emit(name, delta));
      if (stop) stopListening.set(room, stop);
      return;
    }
    const stop = {
      overview: () => board.overview.listen((delta) => keepingUp(io, "overview").emit("overview", delta)),
      dishes: () => board.dishes.listen((delta) => keepingUp(io, "dishes").emit("dishes", delta)),
      transactions: () => board.transactions.listen((delta) => keepingUp(io, "transactions").emit("transactions", delta)),
      locks: () => board.locks.listen((delta) => keepingUp(io, "locks").emit("locks", delta)),
      review: () => board.review.listen((delta) => keepingUp(io, "review").emit("review", delta)),
    }[room as (typeof ROOMS)[number]]();
    stopListening.set(room, stop);
  };
  io.of("/").adapter.on("delete-room", (room: string) => {
    if (!isRoom(room)) return;
    stopListening.get(room)?.();
    stopListening.delete(room);
  });

  const snapshotOf = async (room: Room): Promise<JoinAnswer> => {
    if (room === "overview") return { ok: true, snapshot: board.overview.snapshot() };
    if (room === "dishes") return { ok: true, snapshot: board.dishes.snapshot() };
    if (room === "locks") return { ok: true, snapshot: board.locks.snapshot() };
    if (room === "review") {
      await board.freshReview();
      return { ok: true, snapshot: board.review.snapshot() };
    }
    const dishId = dishOfRoom(room);
    if (dishId !== null) {
      const page = await board.dishPages.open(dishId);
      if (page !== null && io.of("/").adapter.rooms.has(room)) listen(room); // it may have become known just now
      return page === null ? { ok: false, code: "UNKNOWN_ROOM" } : { ok: true, snapshot: await page.fresh() };
    }
    await board.freshPending();
    return { ok: true, snapshot: board.transactions.snapshot() };
  };

  io.on("connection", (socket: LiveSocket) => {
    // `request` and its headers would stay in memory for as long as the socket lives.
    socket.conn.request.headers = {};
    const heard: ClientToServerEvents = {
      join(room, answer) {
        if (typeof answer !== "function") return;
        const reply = answer as (answer: JoinAnswer) => void;
        if (!isRoom(room)) return reply({ ok: false, code: "UNKNOWN_ROOM" });
        if (!mayJoin(socket.data, board.nowMs())) return reply({ ok: false, code: "TOO_MANY" });
        // One page at a time: each room of a dish is read for every second.
        if (dishOfRoom(room) !== null) for (const other of socket.rooms) if (other !== room && dishOfRoom(other) !== null) void socket.leave(other);
        void socket.join(room);
        listen(room);
        snapshotOf(room).then(reply, (error: unknown) => {
          onError(error);
          reply({ ok: false, code: "UNAVAILABLE" });
        });
      },
      leave(room) {
        if (isRoom(room)) void socket.leave(room);
      },
      time(answer) {
        if (typeof answer === "function") answer(board.nowMs());
      },
    };
    for (const event of CLIENT_EVENTS) socket.on(event, heard[event]);
  });

  const end = (socket: { emit: LiveSocket["emit"]; disconnect: (close: boolean) => unknown }) => {
    socket.emit("ended");
    socket.disconnect(true);
  };
  let checking = false;
  let again = false;
  const checkSessions = async () => {
    again = true; // a look under way may have begun before what is asked about
    if (checking) return;
    checking = true;
    try {
      while (again) {
        again = false;
        const sockets = [...io.of("/").sockets.values()];
        if (sockets.length === 0) break;
        const standing = await auth.findSessions([...new Set(sockets.map((socket) => socket.data.session.sessionId))]);
        for (const socket of sockets) stand(socket, standing.get(socket.data.session.sessionId));
      }
    } catch (error) {
      onError(error); // without the database nobody is thrown out: sign-out needs it too
    } finally {
      checking = false;
    }
  };
  const stand = (socket: LiveSocket, session: OperatorSession | undefined) => {
    if (session === undefined) return end(socket);
    const { name, role } = socket.data.session.operator;
    socket.data.session = session;
    if (session.operator.role !== role || session.operator.name !== name) socket.emit("operator", session.operator);
  };
  const forget = auth.onChange(() => void checkSessions());
  const sessionTimer = setInterval(() => void checkSessions(), sessionCheckMs);
  const pulseTimer = setInterval(() => io.volatile.emit("pulse", board.nowMs()), PULSE_MS);
  sessionTimer.unref();
  pulseTimer.unref();

  return {
    socketCount: () => io.of("/").sockets.size,
    async close() {
      clearInterval(sessionTimer);
      clearInterval(pulseTimer);
      forget();
      for (const stop of stopListening.values()) stop();
      stopListening.clear();
      io.disconnectSockets(true);
      // Not io.close(): it would close the HTTP server, which main.ts ends when its last answers are out.
      io.engine.close();
    },
  };
}

/**
 * The sockets of a room that read as fast as we write. Socket.IO's own `volatile` is too eager for this: it drops the second
 * of two messages of one moment, also on a perfect line.
 */
function keepingUp(io: LiveServer, room: Room) {
  const behind: string[] = [];
  for (const id of io.of("/").adapter.rooms.get(room) ?? []) {
    const waiting = (io.of("/").sockets.get(id)?.conn as { writeBuffer?: unknown[] } | undefined)?.writeBuffer?.length ?? 0;
    if (waiting > WAITING_PACKETS_MAX) behind.push(id);
  }
  return behind.length === 0 ? io.to(room) : io.to(room).except(behind);
}

function mayJoin(data: SocketData, nowMs: number): boolean {
  if (nowMs - data.joinsSinceMs > JOINS_WINDOW_MS) {
    data.joins = 0;
    data.joinsSinceMs = nowMs;
  }
  data.joins += 1;
  return data.joins <= JOINS_MAX;
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  return headers;
}
