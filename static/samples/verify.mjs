// A receiver in plain Node.js (18 or newer): node verify.mjs whsec_… 8080. Nothing to install.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const [secret, port] = process.argv.slice(2);
const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
const toleranceSeconds = 300;

// Whether the raw body was signed with our secret within the last five minutes.
function isOurs(headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) return false;
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${mac}`);
  // A secret that is being replaced signs along: any one that fits will do.
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    if (request.method !== "POST" || !isOurs(request.headers, body)) {
      response.writeHead(401, { "content-length": "0" }).end();
      return;
    }
    // Here: store the body under its webhook-id, unless it is there already. Then answer.
    const event = JSON.parse(body);
    console.log(request.headers["webhook-id"], event.type, event.data.seq ?? "");
    response.writeHead(204).end();
  });
}).listen(Number(port), "127.0.0.1");
