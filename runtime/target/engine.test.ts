import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/pipelines.js";
import { containerPid, engineSockets } from "./engine.js";

/** An engine that knows some containers by their PID. */
async function engine(folder: string, containers: { readonly [name: string]: unknown }): Promise<{ path: string; close(): void }> {
  const path = join(folder, "engine.sock");
  const server = createServer((request, response) => {
    const name = decodeURIComponent(/^\/containers\/(.*)\/json$/.exec(request.url ?? "")?.[1] ?? "");
    const found = containers[name];
    response.statusCode = found === undefined ? 404 : 200;
    response.end(typeof found === "string" ? found : JSON.stringify(found ?? { message: "no such container" }));
  });
  server.listen(path);
  await once(server, "listening");
  return { path, close: () => server.close() };
}

test("a container's process is asked for by name; stopped and unknown ones are said", async () => {
  using folder = temporaryFolder();
  const { path, close } = await engine(folder.path, {
    web: { State: { Pid: 4711 } },
    "a/b": { State: { Pid: 7 } },
    stopped: { State: { Pid: 0 } },
    odd: "<html>",
  });
  const refusal = (name: string): Promise<string> =>
    containerPid(name, ["/nosuch.sock", path]).then(String, (error: Error) => error.message);
  try {
    assert.is(await refusal("web"), "4711");
    assert.is(await refusal("a/b"), "7");
    assert.match(await refusal("stopped"), /no running container of that name/);
    assert.match(await refusal("nosuch"), /no running container of that name/);
    assert.match(await refusal("odd"), /answers 200 and no JSON/);
  } finally {
    close();
  }
  assert.match(await refusal("web"), /no engine listens at/);
});

test("the engines' own variables come first", () => {
  assert.equal(engineSockets({ DOCKER_HOST: "unix:///tmp/d.sock", CONTAINER_HOST: "ssh://elsewhere" }), [
    "/tmp/d.sock",
    "/run/docker.sock",
    "/run/podman/podman.sock",
  ]);
});

test.run();
