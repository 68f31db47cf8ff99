/**
 * The participant that lets transactions get stuck: the one that listens already, or one of our own for as long as the rush
 * lasts. It keeps its fence where `npm run participant` finds it, so that this one can take over and mend what is stuck.
 */
import { holdFolder } from "../../participant/folder.ts";
import { PORT_DEFAULT } from "../../participant/arguments.ts";
import type { Failure } from "../../participant/mode.ts";
import { Participant } from "../../participant/participant.ts";
import { serveParticipant } from "../../participant/server.ts";
import { asRecord } from "../recorder.ts";

/** Where `npm run participant` keeps its fence, seen from the project's folder, when nothing else is said. */
export const FOLDER_DEFAULT = ".data/participant";

/** It listens on this machine; a longer silence means that it hangs. */
const ANSWER_MS_MAX = 2_000;

export interface StuckParticipant {
  url: string;
  /** It ends with the rush; the command that starts one in its place. Null: it was there already, and stays. */
  successor: string | null;
  /** From now on its confirms fail so; the rest works. */
  failConfirms(failure: Failure): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error with one sentence for people, when there is none and none can be started. */
export async function openParticipant(url: string, folder: string): Promise<StuckParticipant> {
  const found = await modeOf(url);
  if (found === "nothing") return start(url, folder);
  if (found === "somebody else") throw new Error(`${url} is not a participant to play with: give another --participant.`);
  return { url, successor: null, failConfirms: (failure) => setMode(url, failure), close: async () => {} };
}

/** With the flags that it needs, and no others. */
function commandFor(port: number, folder: string): string {
  const flags = [port === PORT_DEFAULT ? "" : ` --port ${port}`, folder === FOLDER_DEFAULT ? "" : ` --data '${folder}'`].join("");
  return `npm run participant${flags && ` --${flags}`}`;
}

async function modeOf(url: string): Promise<"participant" | "somebody else" | "nothing"> {
  try {
    const answer = await fetch(`${url}/mode`, { signal: AbortSignal.timeout(ANSWER_MS_MAX), redirect: "manual" });
    const mode = asRecord(await answer.json());
    return answer.status === 200 && typeof mode.fail === "string" ? "participant" : "somebody else";
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code === "ECONNREFUSED" ? "nothing" : "somebody else";
  }
}

async function setMode(url: string, fail: Failure): Promise<void> {
  const body = JSON.stringify({ fail, operations: ["confirm"] });
  const answer = await fetch(`${url}/mode`, { method: "PUT", body, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`${url} does not take a mode: PUT /mode was answered ${answer.status}.`);
}

async function start(url: string, folder: string): Promise<StuckParticipant> {
  const { hostname, port, protocol } = new URL(url);
  if (protocol !== "http:" || !["127.0.0.1", "localhost"].includes(hostname)) throw new Error(`Nothing answers at ${url}: run \`npm run participant\` there.`);
  const held = await holdFolder(folder);
  try {
    const participant = await Participant.open(folder);
    let broken: Error | null = null;
    const server = await serveParticipant({ participant, port: Number(port || 80), onBroken: (error) => (broken = error) });
    return {
      url,
      successor: commandFor(server.port, folder),
      failConfirms: async (fail) => {
        if (broken) throw broken;
        server.mode = { fail, share: 1, operations: ["confirm"], times: null };
      },
      close: async () => {
        await server.close();
        await participant.close().catch(() => {}); // a disk that failed has said so by its answers
        held.release();
      },
    };
  } catch (error) {
    held.release();
    throw error;
  }
}
