import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

type Messages = { [key: string]: string | Messages };
const read = (locale: string) => JSON.parse(readFileSync(new URL(`./${locale}.json`, import.meta.url), "utf8")) as Messages;
const flat = (messages: Messages, path = ""): [string, string][] =>
  Object.entries(messages).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : flat(value, `${path}${key}.`),
  );
const placeholders = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]))].filter((name) => !["one", "other"].includes(name as string)).sort();

const english = new Map(flat(read("en")));
const chinese = new Map(flat(read("zh-CN")));

describe("messages", () => {
  test("every sentence exists in both languages", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  test("both languages fill in the same values", () => {
    for (const [key, text] of english) expect([key, placeholders(chinese.get(key) ?? "")]).toEqual([key, placeholders(text)]);
  });

  test("Chinese sentences use Chinese punctuation", () => {
    const wrong = [...chinese].filter(([, text]) => /[一-鿿][,;:!?]|[一-鿿]\.(?!\d)/.test(text));
    expect(wrong).toEqual([]);
  });
});
