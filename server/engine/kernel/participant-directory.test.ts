import { describe, expect, test } from "vitest";
import { ParticipantDirectory, type WantedParticipant } from "./participant-directory.ts";

const urls = (base: string) => ({ tryUrl: `${base}/try`, confirmUrl: `${base}/confirm`, cancelUrl: `${base}/cancel` });
const pay = { name: "pay", ...urls("https://pay.local:8443") };
const directory = new ParticipantDirectory([pay], ["Coupons.local", "10.0.0.7:8080", "tls.local:443", "127.1:9"]);

describe("a request's participant", () => {
  test("by name is the configured one", () => {
    expect(directory.resolve([{ name: "pay" }])).toEqual({ ok: true, participants: [pay] });
  });

  test.each([
    ["http://coupons.local", "coupons.local"],
    ["https://coupons.local", "coupons.local"],
    ["http://COUPONS.local:80", "coupons.local"],
    ["http://10.0.0.7:8080", "10.0.0.7:8080"],
    ["https://tls.local", "tls.local"],
    ["http://127.0.0.1:9", "127.0.0.1:9"],
  ])("at %s is allowed, and is called by its host", (base, name) => {
    const wanted = urls(base);
    expect(directory.resolve([wanted])).toEqual({ ok: true, participants: [{ name, ...wanted }] });
  });

  test.each([
    ["http://coupons.local:8080", "not coupons.local:8080"],
    ["http://x.coupons.local", "not x.coupons.local"],
    ["http://coupons.local.evil.example", "not coupons.local.evil.example"],
    ["http://10.0.0.7", "not 10.0.0.7"],
    ["http://tls.local", "not tls.local"],
    ["https://pay.local:8443", "not pay.local:8443"], // configured by name, not given to requests
    ["http://169.254.169.254", "not 169.254.169.254"],
    ["http://coupons.local@evil.example", "without a user name or password"],
    ["http://user:secret@coupons.local", "without a user name or password"],
    ["http://evil.example#@coupons.local", "not evil.example"],
    ["http://evil.example\\@coupons.local", "not evil.example"],
    ["ftp://coupons.local", "an http or https URL"],
    ["file:///etc/passwd", "an http or https URL"],
    ["coupons.local", "an http or https URL"],
    ["//coupons.local", "an http or https URL"],
  ])("at %s is refused: %s", (base, reason) => {
    const refused = directory.resolve([urls(base)]);
    expect(refused).toMatchObject({ ok: false, errors: [{ path: "participants.0.tryUrl" }, { path: "participants.0.confirmUrl" }, { path: "participants.0.cancelUrl" }] });
    for (const { message } of (refused as { errors: { message: string }[] }).errors) expect(message).toContain(reason);
  });

  test("is refused for one wrong URL of three; the answer names the place, what was expected, and every other wrong one", () => {
    const wanted: WantedParticipant[] = [{ name: "pay" }, { ...urls("http://coupons.local"), confirmUrl: "http://other.local/confirm" }, { name: "nobody" }];
    expect(directory.resolve(wanted)).toEqual({
      ok: false,
      errors: [
        { path: "participants.1.confirmUrl", message: "must lead to a host in PARTICIPANT_HOSTS, not other.local: expected one of coupons.local, 10.0.0.7:8080, tls.local:443, 127.0.0.1:9" },
        { path: "participants.2.name", message: "must name a configured participant: expected one of pay" },
      ],
    });
    const empty = new ParticipantDirectory().resolve([{ name: "pay" }, urls("http://a")]) as { errors: { message: string }[] };
    expect(empty.errors.map(({ message }) => message).slice(0, 2)).toEqual([
      "must name a configured participant: none is configured",
      "must lead to a host in PARTICIPANT_HOSTS, not a: no host is allowed",
    ]);
  });
});

describe("a call", () => {
  test("goes to a configured participant's own hosts, or to a listed one; never to another's", () => {
    expect(directory.target("pay", "https://pay.local:8443/cancel?x=%20#y")).toEqual({ origin: "https://pay.local:8443", path: "/cancel?x=%20" });
    expect(directory.target("pay", "http://coupons.local/try")).toEqual({ origin: "http://coupons.local", path: "/try" });
    expect(directory.target("coupons.local", "https://pay.local:8443/try")).toContain("not pay.local:8443");
    expect(directory.target("pay", "http://pay.local:8443/try")).toContain("not pay.local:8443"); // another scheme
  });

  test("whose host was taken off the list is refused", () => {
    expect(new ParticipantDirectory([], []).target("coupons.local", "http://coupons.local/try")).toContain("no host is allowed");
  });
});

test("a configuration with a name twice, or a URL that cannot be called, is refused", () => {
  expect(() => new ParticipantDirectory([pay, pay])).toThrow("two participants are named pay");
  expect(() => new ParticipantDirectory([{ ...pay, cancelUrl: "ftp://pay.local" }])).toThrow("cancelUrl of the participant pay must be an http or https URL");
});
