/** What the engine's thread and the pages' thread say to each other when the latter starts. */
import type { MessagePort } from "node:worker_threads";

export interface RendererData {
  /** The project, with its build. */
  dir: string;
  /** Where the page reads are answered. */
  door: MessagePort;
  /** What a request has to carry in WORD_HEADER to be answered. */
  word: string;
}

/** Said once pages can be rendered. */
export interface RendererReady {
  /** On the loopback address. */
  port: number;
}

export const WORD_HEADER = "x-eightysix-pages";
