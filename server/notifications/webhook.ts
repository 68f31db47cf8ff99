/**
 * One POST to the webhook: no redirects, a time limit, an answer that is cut off when it grows. Its URL is a secret, since
 * whoever has it can write there: it appears in no message of an error.
 */
import { request } from "undici";
import { bodyOf, type Message, type NotifyFormat, refusalOf } from "./formats.ts";

const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 16_384;

export interface WebhookOptions {
  url: string;
  format: NotifyFormat;
  timeoutMs?: number;
}

/** @throws Error whose message is fit for a log and a table. */
export async function sendWebhook({ url, format, timeoutMs = TIMEOUT_MS }: WebhookOptions, message: Message): Promise<void> {
  let status: number;
  let text = "";
  try {
    const response = await request(url, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8", "user-agent": "eightysix" },
      body: JSON.stringify(bodyOf(format, message)),
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.statusCode;
    for await (const chunk of response.body) {
      text += (chunk as Buffer).toString("utf8");
      if (text.length > ANSWER_BYTES_MAX) throw new Error("an answer over the size limit");
    }
  } catch (error) {
    throw new Error(reasonOf(error));
  }
  const refusal = refusalOf(format, status, text);
  if (refusal !== null) throw new Error(`the webhook refused the message: ${refusal}`);
}

/** Codes only: messages of connection errors may name the address. */
function reasonOf(error: unknown): string {
  const { name, code, message } = (error ?? {}) as { name?: string; code?: string; message?: string };
  if (name === "TimeoutError") return "the webhook did not answer in time";
  if (message === "an answer over the size limit") return message;
  return `the webhook cannot be reached${typeof code === "string" ? ` (${code})` : ""}`;
}
