/** The palette's question. Failures are ConsoleErrors, as everywhere. */
import type { Found } from "@/server/contracts/find";
import { call } from "../console-client";

export const find = (q: string, signal: AbortSignal): Promise<Found> => call(`/api/console/find?q=${encodeURIComponent(q)}`, { signal });
