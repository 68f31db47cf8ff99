/** Calls under way, found by their key. */
import { expect, it } from "vitest";
import { Flights } from "./flights.ts";

it("finds the flight that began last, until that one ends", () => {
  const flights = new Flights<{ name: string }>();
  const [first, second] = [{ name: "first" }, { name: "second" }];
  expect(flights.get("a")).toBeNull();
  flights.begin("a", first);
  flights.begin("a", second);
  flights.end("a", first);
  expect(flights.get("a")).toBe(second);
  expect(flights.get("b")).toBeNull();
  flights.end("a", second);
  expect(flights.get("a")).toBeNull();
  flights.end("a", second);
});
