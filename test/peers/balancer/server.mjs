/**
 * A TCP server behind a balancer, and its clients: `node server.mjs serve NAME PORT` tells its name and sends back what it
 * gets; `open HOST PORT COUNT` prints who answered how often; `fetch HOST PORT BYTES` asks for so many bytes;
 * `hold HOST PORT COUNT` keeps connections busy, and prints how each fares.
 */
import { createConnection, createServer } from "node:net";

const [role, first, second, third] = process.argv.slice(2);

/** A connection, once the server has told its name. */
function connect(host, port) {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port) });
    socket.setTimeout(5000, () => socket.destroy(new Error("nothing for five seconds")));
    socket.once("data", data => resolve({ socket, name: data.toString().trim() }));
    socket.once("error", reject);
  });
}

if (role === "serve") {
  const server = createServer(socket => {
    socket.on("error", () => {});
    socket.write(`${first}\n`);
    socket.on("data", data => {
      const wanted = /^send (\d+)/.exec(data.toString());
      socket.write(wanted ? Buffer.alloc(Number(wanted[1]), "x") : data);
    });
  });
  server.listen(Number(second), "0.0.0.0", () => console.log("listening"));
} else if (role === "open") {
  const names = {};
  for (let i = 0; i < Number(third); i++) {
    const { socket, name } = await connect(first, second);
    names[name] = (names[name] ?? 0) + 1;
    socket.destroy();
  }
  console.log(JSON.stringify(names));
} else if (role === "fetch") {
  const { socket, name } = await connect(first, second);
  let got = 0;
  socket.write(`send ${third}`);
  for await (const data of socket) {
    got += data.length;
    if (got >= Number(third)) break;
  }
  console.log(JSON.stringify({ name, got }));
} else if (role === "hold") {
  const streams = await Promise.all(Array.from({ length: Number(third) }, () => connect(first, second)));
  for (const stream of streams) {
    stream.sent = 0;
    stream.got = 0;
    stream.socket.on("error", error => {
      stream.broken = error.code ?? error.message;
    });
    stream.socket.on("data", data => {
      // what comes back is what was sent, byte by byte
      for (const byte of data) if (byte !== (stream.got++ & 0xff)) stream.broken = "another byte";
    });
    setInterval(() => {
      if (stream.broken) return;
      stream.socket.write(Buffer.from(Array.from({ length: 64 }, () => stream.sent++ & 0xff)));
    }, 5);
  }
  console.log("held");
  setInterval(() => {
    const report = streams.map(({ name, sent, got, broken }) => ({ name, sent, got, broken: broken ?? null }));
    console.log(`report ${JSON.stringify(report)}`);
  }, 100);
}
