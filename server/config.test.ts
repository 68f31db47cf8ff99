import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StartError } from "./embedded/start-error.ts";
import { PROJECT_DIR, readConfig, VARIABLES } from "./config.ts";

const BOTH = { DATABASE_URL: "postgresql://a:b@db/e", REDIS_URL: "redis://:c@cache" };

describe("configuration", () => {
  test("nothing set means the embedded servers on port 8686 of this machine", () => {
    const config = readConfig({});
    expect(config).toMatchObject({ port: 8686, host: "127.0.0.1", stores: null, rateLimitPerSecond: 1000, retentionDays: 30 });
    expect(config.dataDir).toBe(join(PROJECT_DIR, ".data"));
  });

  test("an empty variable counts as one that is not set", () => {
    expect(readConfig({ PORT: "", DATABASE_URL: " ", LOG_LEVEL: "" })).toMatchObject({ port: 8686, stores: null, logLevel: "info" });
  });

  test.each([
    [{ PORT: "eighty" }, 'PORT must be a whole number from 0 to 65535; it is "eighty".'],
    [{ PORT: "65536" }, 'PORT must be a whole number from 0 to 65535; it is "65536".'],
    [{ PORT: "-1" }, 'PORT must be a whole number from 0 to 65535; it is "-1".'],
    [{ PORT: "80.5" }, 'PORT must be a whole number from 0 to 65535; it is "80.5".'],
    [{ HOST: "a host" }, 'HOST must be an address or a host name; it is "a host".'],
    [{ ...BOTH, DATABASE_URL: "mysql://a:secret@db/e" }, "DATABASE_URL must be a URL that begins with postgresql://."],
    [{ ...BOTH, REDIS_URL: "secret" }, "REDIS_URL must be a URL that begins with redis:// or rediss://."],
    [{ DATABASE_URL: BOTH.DATABASE_URL }, "DATABASE_URL is set and REDIS_URL is not: give both, or neither for the embedded servers."],
    [{ REDIS_URL: BOTH.REDIS_URL }, "REDIS_URL is set and DATABASE_URL is not: give both, or neither for the embedded servers."],
    [{ RATE_LIMIT_PER_SECOND: "0" }, 'RATE_LIMIT_PER_SECOND must be a whole number from 1 to 1000000; it is "0".'],
    [{ LOG_LEVEL: "loud" }, 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent; it is "loud".'],
    [{ RETENTION_DAYS: "1e3" }, 'RETENTION_DAYS must be a whole number from 1 to 3650; it is "1e3".'],
    [{ PARTICIPANTS_FILE: "/nowhere.json" }, 'PARTICIPANTS_FILE must be the path of a JSON file with a list of {name, tryUrl, confirmUrl, cancelUrl}; it is "/nowhere.json".'],
    [{ PARTICIPANT_HOSTS: "http://a" }, 'PARTICIPANT_HOSTS must be hosts with commas between, as in coupons.local:8080,pay.local; it is "http://a".'],
    [{ PAYMENT_SECRETS: "secret" }, "PAYMENT_SECRETS must be pairs of source=secret with commas between."],
    [{ SESSION_SECRET: "short" }, "SESSION_SECRET must be at least 32 characters."],
  ])("a wrong variable is named in one sentence, without secrets: %j", (env, sentence) => {
    expect(() => readConfig(env)).toThrow(new StartError(sentence));
  });

  test("lists and pairs are read", () => {
    const config = readConfig({ PARTICIPANT_HOSTS: "a.local:80, b.local", PAYMENT_SECRETS: "wechat=x=y,alipay=z" });
    expect(config.participantHosts).toEqual(["a.local:80", "b.local"]);
    expect([...config.paymentSecrets]).toEqual([["wechat", "x=y"], ["alipay", "z"]]);
  });

  test("a file of participants is read; one that could not be called, or a name given twice, is named as wrong", () => {
    const folder = mkdtempSync(join(tmpdir(), "config-"));
    const file = join(folder, "participants.json");
    const read = (list: unknown) => {
      writeFileSync(file, JSON.stringify(list));
      return readConfig({ PARTICIPANTS_FILE: file }).participants;
    };
    const pay = { name: "pay", tryUrl: "https://pay.local/try", confirmUrl: "https://pay.local/confirm", cancelUrl: "https://pay.local/cancel" };
    try {
      expect(read([pay])).toEqual([pay]);
      for (const wrong of [[pay, pay], [{ ...pay, tryUrl: "ftp://pay.local" }], [{ ...pay, tryUrl: "https://a:b@pay.local" }], [{ ...pay, more: 1 }], pay]) {
        expect(() => read(wrong), JSON.stringify(wrong)).toThrow("PARTICIPANTS_FILE must be");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("every variable stands in the operations page with its default", () => {
    const page = readFileSync(join(PROJECT_DIR, "docs/operations/running.md"), "utf8");
    for (const { name, fallback, meaning } of VARIABLES) {
      expect(page).toContain(`| \`${name}\` | ${fallback === null ? "–" : `\`${fallback}\``} | ${meaning} |`);
    }
  });
});
