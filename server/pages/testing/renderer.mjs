/** Stands in for the renderer: it says what it was asked, and dies when told to. */
import { createServer } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const { door, word } = workerData;
let asked = 0;
const server = createServer((request, response) => {
  if (request.headers["x-eightysix-pages"] !== word) return response.writeHead(404).end();
  if (request.url === "/die") process.exit(7);
  if (request.url === "/half") {
    response.writeHead(200, { "content-type": "text/plain" });
    return response.write("half", () => process.exit(7));
  }
  if (request.url === "/hangs") return request.socket.once("close", () => (asked = -1));
  if (request.url === "/asked") return response.end(String(asked));
  asked += 1;
  if (request.url?.startsWith("/read/")) {
    door.once("message", (answer) => response.end(JSON.stringify(answer)));
    return door.postMessage({ id: 1, name: request.url.slice("/read/".length), args: ["a"] });
  }
  response.writeHead(201, { "set-cookie": ["a=1", "b=2"], "x-host": request.headers.host, "x-nonce": request.headers["x-nonce"] ?? "", "x-path": request.url });
  request.pipe(response);
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage({ port: server.address().port }));
