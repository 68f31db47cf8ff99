/** The page of locks' own calls. Files are fetched, not navigated to, so that a failure has a sentence. */
import type { LaneCapture, SamplingAnswer } from "@/server/contracts/contention";
import { call, ConsoleError, post, request } from "../console-client";

export function captureLanes(signal: AbortSignal): Promise<LaneCapture> {
  return call("/api/console/locks/lanes", { signal });
}

/** @param actionKey made once per intent: a repeat of it, after a lost answer, gets the first answer. */
export function setSampling(every: number, actionKey: string, reason: string): Promise<SamplingAnswer> {
  return post("/api/console/locks/sampling", actionKey, reason === "" ? { every } : { every, reason });
}

/** Saves what the address answers under the name it gives. @returns the name. */
export async function download(path: string): Promise<string> {
  const response = await request(path, {});
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "download";
  const blob = await response.blob().catch(() => {
    throw new ConsoleError("UNREACHABLE");
  });
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the blob after the click has returned.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return name;
}
