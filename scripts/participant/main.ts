/**
 * `npm run participant`: a remote participant to play with. Exit 0 when it was stopped, 1 when it could not start or go on,
 * 2 on wrong usage.
 */
import { join, resolve } from "node:path";
import { END_SIGNALS } from "../../server/embedded/processes.ts";
import { StartError } from "../../server/embedded/start-error.ts";
import { answerNotRun } from "../command-line.ts";
import { readCommand, USAGE } from "./arguments.ts";
import { holdFolder } from "./folder.ts";
import { modeInWords } from "./mode.ts";
import { Participant } from "./participant.ts";
import { type ParticipantServer, serveParticipant } from "./server.ts";

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (command.kind !== "run") {
    process.exitCode = answerNotRun(command, USAGE);
    return;
  }

  const { port, mode, data } = command.options;
  const folder = resolve(data ?? join(process.env.DATA_DIR ?? ".data", "participant"));
  const held = await holdFolder(folder);
  const participant = await Participant.open(folder);
  const server = await serveParticipant({
    participant,
    port,
    mode,
    onBroken: (error) => {
      process.stderr.write(`The participant cannot go on: ${error.message}\n`);
      process.exit(1); // what it could not write down it must not answer for
    },
  });
  process.stdout.write(welcome(server, folder, participant));

  const stop = (): void => {
    server
      .close()
      .then(() => participant.close())
      .then(() => {
        held.release();
        process.exit(0);
      })
      .catch((error: Error) => fail(error.message));
  };
  for (const signal of END_SIGNALS) process.once(signal, stop);
}

function welcome({ url, mode }: ParticipantServer, folder: string, participant: Participant): string {
  const host = new URL(url).host;
  const urls = `{"tryUrl":"${url}/try","confirmUrl":"${url}/confirm","cancelUrl":"${url}/cancel"}`;
  const { branches } = participant.book.totals();
  const kept = Object.values(branches).reduce((sum, count) => sum + count, 0);
  return `A participant listens on ${url} and ${modeInWords(mode)}. ${kept} branches are kept in ${folder}.

  look    ${url}/  in a browser, or  curl ${url}/
  try     curl -X POST '${url}/try?gid=hello&branch_id=01&trans_type=tcc&op=try' -d '{"amount":2}'
  break   curl -X PUT ${url}/mode -d '{"fail":"503","operations":["confirm"]}'
  mend    curl -X PUT ${url}/mode -d '{"fail":"none"}'
  use     start Eightysix with PARTICIPANT_HOSTS=${host}, and give a Try
          "participants":[${urls}]
`;
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

main().catch((error: Error & { code?: string }) => {
  if (error.code === "EADDRINUSE") fail(`${error.message.replace(/^listen EADDRINUSE: /, "")}: give another --port.`);
  else fail(error instanceof StartError || error.code ? error.message : `The participant failed: ${error.stack}`);
});
