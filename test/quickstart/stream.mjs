/**
 * A TCP stream whose every byte is known: `node stream.mjs serve PORT` checks and counts, `node stream.mjs send HOST PORT`
 * sends until it is ended. The server says once a second how many bytes came, and "broken" where one was not the next.
 */
import { createConnection, createServer } from "node:net";

const chunk = Buffer.from(Array.from({ length: 4096 }, (_, index) => index & 0xff));
const [role, ...args] = process.argv.slice(2);

if (role === "serve") {
  const server = createServer(socket => {
    let received = 0;
    let broken = false;
    socket.on("data", data => {
      for (const byte of data) broken ||= byte !== (received++ & 0xff);
      if (broken) console.log("broken");
    });
    const report = setInterval(() => console.log(`received ${received}`), 100);
    socket.on("error", error => console.log(`broken ${error.message}`));
    socket.on("close", () => {
      clearInterval(report);
      console.log(`closed ${received}`);
    });
  });
  server.listen(Number(args[0]), "0.0.0.0", () => console.log("listening"));
} else {
  const socket = createConnection({ host: args[0], port: Number(args[1]) }, () => {
    console.log("connected");
    setInterval(() => socket.write(chunk), 2);
  });
  socket.on("error", error => {
    console.log(`broken ${error.message}`);
    process.exit(1);
  });
}
