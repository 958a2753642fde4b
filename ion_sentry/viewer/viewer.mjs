// Spotlight for this machine alone: on loopback, for its own page, and reporting to nobody. Its own
// command listens everywhere and reports to its makers; as a module it has no page.
// node viewer.mjs PORT
import { readFileSync } from "node:fs";
import { Server } from "node:net";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { setupSpotlight } from "@spotlightjs/spotlight";
import { Traces } from "./traces.mjs";

const UI = new URL("../ui/", import.meta.resolve("@spotlightjs/spotlight"));
const DECODERS = { br: brotliDecompressSync, deflate: inflateSync, gzip: gunzipSync };
const ENVELOPE = /^POST \/api\/\d+\/envelope\/?$/;
// What the page needs. The rest of Spotlight opens editors, reads files and answers agents.
const SERVED = /^(GET \/($|assets\/|telemetry|stream$|envelope\/|health$)|POST \/stream$|DELETE \/clear$)/;
const port = Number(process.argv[2]);

const { listen } = Server.prototype;
Server.prototype.listen = function (port, _host, ready) {
  return listen.call(this, port, "127.0.0.1", ready);
};

const quiet = () => {};
const logger = { info: quiet, debug: quiet, warn: console.warn, error: console.error };
const server = await setupSpotlight({ port, logger, filesToServe: page(), isStandalone: true });
if (!server) {
  console.error(`A viewer runs already: http://localhost:${port}`);
  process.exit(1);
}
const [answer] = server.listeners("request");
const traces = new Traces();
server.removeAllListeners("request");
server.on("request", async (request, response) => {
  const call = `${request.method} ${request.url.split("?")[0]}`;
  if (!isFromHere(request.headers)) return response.writeHead(403).end();
  if (SERVED.test(call)) return answer(request, response);
  if (!ENVELOPE.test(call)) return response.writeHead(404).end();
  try {
    const { "user-agent": agent } = request.headers;
    const headers = { "Content-Type": "application/x-sentry-envelope", "User-Agent": agent };
    const shown = traces.translated(await body(request));
    if (shown) await fetch(`http://127.0.0.1:${port}/stream`, { method: "POST", headers, body: shown });
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  } catch (error) {
    response.writeHead(400, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ detail: `not an envelope: ${error.message}` }));
  }
});
console.log(`The viewer: http://localhost:${port}`);

async function body(request) {
  const wire = await buffer(request);
  return (DECODERS[request.headers["content-encoding"]] ?? ((same) => same))(wire);
}

// Another site's page reaches this machine by a name that leads to it, or simply by sending.
function isFromHere({ host, origin = "http://localhost" }) {
  return [`http://${host}`, origin].every(
    (url) => URL.canParse(url) && ["localhost", "127.0.0.1"].includes(new URL(url).hostname),
  );
}

function page() {
  const read = (name) => readFileSync(new URL(name, UI));
  const files = Object.values(JSON.parse(read("manifest.json"))).map(({ file }) => [file, read(file)]);
  const page = { ...Object.fromEntries(files), "index.html": read("index.html") };
  // It would report to its makers, too; and mark the line that failed by a comment of JavaScript.
  for (const [name, theirs, ours] of [
    ["index.html", "https://*.sentry.io", ""],
    ["assets/index.js", "// [!code highlight]", "# [!code highlight]"],
  ])
    page[name] = Buffer.from(page[name].toString().replaceAll(theirs, ours));
  return page;
}
