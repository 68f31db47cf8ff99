import { createServer, connect, type AddressInfo, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FaultProxy } from "./proxy.ts";

let echo: Server;
let served = 0;
let proxy: FaultProxy;

beforeEach(async () => {
  served = 0;
  echo = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      served++;
      socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  proxy = await FaultProxy.to((echo.address() as AddressInfo).port);
});
afterEach(async () => {
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
});

/** What comes back of one word: the word, "reset", or "nothing" within `patienceMs`. */
function say(word: string, patienceMs = 200): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port: proxy.port, host: "127.0.0.1" }, () => socket.write(word));
    const timer = setTimeout(() => done("nothing"), patienceMs);
    const done = (answer: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (bytes) => done(bytes.toString()));
    socket.on("error", () => done("reset"));
    socket.on("close", () => done("reset"));
  });
}

describe("the fault proxy", () => {
  test("passes everything when it is open", async () => {
    expect(await say("hello")).toBe("hello");
  });

  test("refused: resets connections, and the server hears nothing", async () => {
    proxy.be("refused");
    expect(await say("hello")).toBe("reset");
    expect(served).toBe(0);
  });

  test("silent: takes everything and passes nothing", async () => {
    proxy.be("silent");
    expect(await say("hello")).toBe("nothing");
    expect(served).toBe(0);
  });

  test("deaf: the request is carried out, its answer is lost, then the connection is reset", async () => {
    proxy.be("deaf");
    expect(await say("hello", 2_000)).toBe("reset");
    expect(served).toBe(1);
    expect(proxy.answersLost).toBe(1);
  });

  test("slow: it comes, later", async () => {
    proxy.be("slow", 60);
    expect(await say("hello", 20)).toBe("nothing");
    expect(await say("hello", 2_000)).toBe("hello");
  });

  test("leads elsewhere when told", async () => {
    const other = createServer((socket) => socket.resume().end("other"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    proxy.leadTo((other.address() as AddressInfo).port);
    expect(await say("hello")).toBe("other");
    await new Promise((resolve) => other.close(resolve));
  });
});
