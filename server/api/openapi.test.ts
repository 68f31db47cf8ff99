/**
 * The three descriptions of the API (route table, OpenAPI document, docs/api.md) say the same.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, ERRORS } from "../contracts/errors.ts";
import { SCOPES } from "../contracts/scopes.ts";
import { ENGINE_ERROR_CODES } from "../engine/kernel/errors.ts";
import { openApiDocument } from "./openapi.ts";
import { codeOf } from "./problem.ts";
import { ROUTES } from "./routes/index.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/api.md"), "utf8");
// biome-ignore lint/suspicious/noExplicitAny: the document is read like any client would
const document: any = openApiDocument(ROUTES);

describe("docs/api.md", () => {
  it("has a heading for every route, and for no other", () => {
    const headings = [...page.matchAll(/^### `((?:GET|POST) \/\S+)`/gm)].map(([, route]) => route);
    expect(headings.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it("has every code with its status, and no other", () => {
    const rows = [...page.matchAll(/^\| (\d{3}) \| `([A-Z_]+)` \|/gm)].map(([, status, code]) => `${code} ${status}`);
    expect(rows.sort()).toEqual(ERROR_CODES.map((code) => `${code} ${ERRORS[code].status}`).sort());
  });

  it("says of exactly the retryable codes that they are", () => {
    for (const code of ERROR_CODES) {
      const row = page.split("\n").find((line) => line.includes(`| \`${code}\` |`)) ?? "";
      expect([code, row.includes("Retryable")]).toEqual([code, ERRORS[code].retryable]);
    }
  });

  it("names every scope", () => {
    for (const scope of SCOPES) expect(page).toContain(`| \`${scope}\` |`);
  });
});

describe("the OpenAPI document", () => {
  it("has every route with a body, answers and errors of its own", () => {
    const ids = new Set<string>();
    for (const { method, path, scope, body, answers, idempotencyKey } of ROUTES) {
      const operation = document.paths[path][method.toLowerCase()];
      ids.add(operation.operationId);
      expect(operation.summary).toBeTruthy();
      for (const [status, { contentType = "application/json" }] of Object.entries(answers)) {
        expect(operation.responses[status].content[contentType.split(";")[0] as string].schema).toBeTruthy();
      }
      if (body) expect(operation.requestBody.content["application/json"].schema).toBeTruthy();
      if (scope === null) expect(operation.security).toEqual([]);
      else for (const status of [400, 401, 403, 413, 503, 504]) expect(operation.responses[status]).toBeTruthy();
      const header = operation.parameters.find(({ name }: { name?: string }) => name === "Idempotency-Key");
      expect(header?.required).toBe(idempotencyKey && idempotencyKey === "required");
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
        expect(operation.parameters).toContainEqual(expect.objectContaining({ name, in: "path", required: true }));
      }
    }
    expect(ids.size).toBe(ROUTES.length);
  });

  it("has every code", () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual([...ERROR_CODES]);
    const used = new Set(ROUTES.flatMap(({ path, method }) => JSON.stringify(document.paths[path][method.toLowerCase()]).match(/"[A-Z_]{6,}"/g) ?? []));
    for (const code of ERROR_CODES.filter((code) => code !== "UNKNOWN_ROUTE")) expect(used).toContain(`"${code}"`);
  });

  it("refers to nothing that it does not have", () => {
    const references = new Set(JSON.stringify(document).match(/"#\/components\/[^"]+"/g) ?? []);
    expect(references.size).toBeGreaterThan(10);
    for (const reference of references) {
      const [, , kind = "", name = ""] = reference.slice(1, -1).split("/");
      expect(document.components[kind][name], reference).toBeTruthy();
    }
  });

  it("lets answers grow and bodies not", () => {
    expect(document.components.schemas.TryBody.additionalProperties).toBe(false);
    expect(document.components.schemas.TryBody.properties.lines.items.additionalProperties).toBe(false);
    expect(document.components.schemas.Transaction.additionalProperties).toBeUndefined();
    expect(document.components.schemas.TryBody.required).toEqual(["txId", "storeId", "lines"]);
    expect(document.components.schemas.TryAnswer.required).toEqual(["txId", "state", "lines", "expiresAt"]);
  });
});

it("every engine code has a name and a status outside", () => {
  for (const code of ENGINE_ERROR_CODES) expect(ERRORS[codeOf(code)].status).toBeGreaterThanOrEqual(400);
});
