/**
 * Several instances on one Postgres and one Redis: started, told what to do, stopped and killed. Each is a process of its own,
 * or, where only the engine matters and seconds count, an engine in this one.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { DishCells } from "../engine/paths/cell-care.ts";
import type { EngineStats, MoveAnswer, TryAnswer, TryRequest } from "../engine/kernel/types.ts";
import { createEngine } from "../engine/create-engine.ts";
import { crowd, type CrowdOrder, type CrowdReport } from "./crowd.ts";
import type { InstanceOptions, InstanceOrder, InstanceStores } from "./instance-process.ts";

/** More than the API gives: a test's machine may be busy. */
const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };

const PROGRAM = fileURLToPath(new URL("./instance-process.ts", import.meta.url));

export interface Instance {
  name: string;
  url: string;
  pid: number;
  stats(): Promise<EngineStats>;
  /** Every instance it has heard of, itself included. */
  peers(): Promise<{ instance: string; alive: boolean; silentMs: number }[]>;
  /** A dish as its memory and Redis have it. */
  cell(dishId: string, storeId: string): Promise<DishCells>;
  try(request: TryRequest): Promise<TryAnswer>;
  move(verb: "confirm" | "cancel" | "reverse", txId: string): Promise<MoveAnswer>;
  /** Orders of its own customers, in its own process. */
  crowd(order: CrowdOrder): Promise<CrowdReport>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

type Message = { ready: { url: string; instance: string } } | { id: number; answer?: unknown; error?: string };

export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const child = fork(PROGRAM, [JSON.stringify(options)], { execArgv: ["--import", "tsx"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let orders = 0;
  const ready = new Promise<{ url: string; instance: string }>((resolve, reject) => {
    child.on("message", (message: Message) => {
      if ("ready" in message) return resolve(message.ready);
      const { id, answer, error } = message;
      if (error === undefined) waiting.get(id)?.resolve(answer);
      else waiting.get(id)?.reject(new Error(error));
      waiting.delete(id);
    });
    child.on("exit", (code, signal) => {
      const gone = new Error(`An instance ended with ${code ?? signal}.`);
      reject(gone);
      for (const { reject: fail } of waiting.values()) fail(gone);
      waiting.clear();
    });
  });
  const tell = <T>(order: InstanceOrder): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const id = ++orders;
      waiting.set(id, { resolve: (answer) => resolve(answer as T), reject });
      child.send({ id, order }, (error) => {
        if (!error) return;
        waiting.delete(id);
        reject(error);
      });
    });
  const { url, instance } = await ready;
  return {
    name: instance,
    url,
    pid: child.pid as number,
    stats: () => tell({ do: "stats" }),
    peers: () => tell({ do: "peers" }),
    cell: (dishId, storeId) => tell({ do: "cell", dishId, storeId }),
    try: (request) => tell({ do: "try", request }),
    move: (verb, txId) => tell({ do: verb, txId }),
    crowd: (order) => tell({ do: "crowd", ...order }),
    stop: () => end(child, "SIGTERM"),
    kill: () => end(child, "SIGKILL"),
  };
}

/** An engine in this process: no API, and nothing to kill. */
export async function startLocalInstance(stores: InstanceStores): Promise<Instance> {
  const { engine, instance, close } = await createEngine(stores);
  return {
    name: instance,
    url: "",
    pid: process.pid,
    stats: async () => engine.stats(),
    peers: async () => engine.instances(),
    cell: (dishId, storeId) => engine.cells.look(dishId, storeId),
    try: (request) => engine.try(request, CALL),
    move: (verb, txId) => engine[verb](txId, CALL),
    crowd: (order) => crowd(engine, order),
    stop: close,
    kill: close,
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
