/**
 * What a message says, and how DingTalk, Feishu and everybody else want to be told. Every text begins with "Eightysix", so that
 * a robot that asks for a keyword can be given that one. No order, dish or person is named: ids only.
 */

export const NOTIFY_FORMATS = ["json", "dingtalk", "feishu"] as const;
export type NotifyFormat = (typeof NOTIFY_FORMATS)[number];

export type NotificationKind = "REVIEW" | "REFUND" | "PARTICIPANT" | "PAYMENT";

export interface Message {
  /** One cause is told once: as in `review:points/confirm/TIMEOUT`. */
  cause: string;
  kind: NotificationKind;
  /** How many there are that no message told of. */
  count: number;
  /** A few of them: ids of tickets, or keys of payments. */
  sample: readonly string[];
  firstAtMs: number;
}

/** In both languages of the console: whoever is called at night reads one of them. */
export function textOf({ cause, kind, count, sample }: Message): string {
  const subject = cause.slice(cause.indexOf(":") + 1);
  const ids = sample.length === 0 ? "" : `\n${sample.join(", ")}${count > sample.length ? " …" : ""}`;
  switch (kind) {
    case "REVIEW":
      return `Eightysix: ${count} review ticket${count === 1 ? "" : "s"} (${subject}) · ${count} 个工单需人工处理${ids}`;
    case "REFUND":
      return `Eightysix: ${count} refund${count === 1 ? "" : "s"} due · ${count} 笔待退款${ids}`;
    case "PAYMENT":
      return `Eightysix: ${count} payment${count === 1 ? "" : "s"} from ${subject} without an order · ${count} 笔来自 ${subject} 的付款没有订单${ids}`;
    case "PARTICIPANT":
      return `Eightysix: participant ${subject} does not answer · 参与方 ${subject} 无响应`;
  }
}

export function bodyOf(format: NotifyFormat, message: Message): unknown {
  const text = textOf(message);
  switch (format) {
    case "dingtalk":
      return { msgtype: "text", text: { content: text } };
    case "feishu":
      return { msg_type: "text", content: { text } };
    case "json":
      return { ...message, text, firstAtMs: undefined, firstAt: new Date(message.firstAtMs).toISOString() };
  }
}

/** Robots answer 200 to what they refuse, and say so in the body. @returns what is wrong; null: it was taken. */
export function refusalOf(format: NotifyFormat, status: number, body: string): string | null {
  if (status < 200 || status > 299) return `HTTP ${status}`;
  if (format === "json") return null;
  try {
    const answer = JSON.parse(body) as Record<string, unknown>;
    const code = format === "dingtalk" ? answer.errcode : (answer.code ?? answer.StatusCode);
    if (code === 0) return null;
    return typeof code === "number" ? `code ${code}` : "an answer without a code";
  } catch {
    return "an answer that is not JSON";
  }
}
