// Drives the generated modules against a sandbox and prints what became of it. Waits are noted and cut short.
import { pathToFileURL } from "node:url";

const [base, policy] = process.argv.slice(2);
const logged = [];
console.error = (message) => logged.push(String(message));
const waits = [];
const { setTimeout: later } = globalThis;
const timeout = AbortSignal.timeout.bind(AbortSignal);
const asked = [];
const { fetch: ask } = globalThis;
globalThis.setTimeout = (work, ms, ...rest) => {
  const isRetry = [250, 1_000, 42_000].includes(ms);
  if (isRetry) waits.push(ms);
  return later(work, isRetry ? 0 : ms, ...rest);
};
let patience = 1;
AbortSignal.timeout = (ms) => timeout(ms * patience);
globalThis.fetch = (address, options) => {
  if (!String(address).includes("/_sandbox/")) asked.push(`${options.method} ${new URL(address).pathname}`);
  return ask(address, options);
};

let copies = 0;
/** The modules as a new process has them. */
async function fresh(folder) {
  const { cpSync } = await import("node:fs");
  const copy = `${folder}-${(copies += 1)}`;
  cpSync(folder, copy, { recursive: true });
  const load = (name) => import(pathToFileURL(`${process.cwd()}/${copy}/${name}.js`).href);
  const [customer, balance, usage, portal] = await Promise.all(["customer", "balance", "usage", "portal"].map(load));
  return { ...customer, ...balance, ...usage, ...portal };
}
const headers = { "content-type": "application/json", "X-CREDYT-API-KEY": process.env.CREDYT_API_KEY };
const behave = (change) =>
  ask(`${base}/_sandbox/behaviour`, { method: "POST", headers, body: JSON.stringify(change) }).then((r) => r.text());
const state = () => ask(`${base}/_sandbox/state`).then((r) => r.json());
const events = async () => (await state()).events.map(({ id, event_type, data }) => ({ id, event_type, data }));
const fund = (id, amount) =>
  ask(`${base}/customers/${id}/wallet/adjustments`, {
    method: "POST",
    headers,
    body: JSON.stringify({ transaction_id: crypto.randomUUID(), amount, asset: "USD", reason: "gift" }),
  });
const threw = (work) => Promise.resolve().then(work).then(() => null, (error) => error.name);

const result = {};
{
  const app = await fresh("good");
  const nobody = ["", " ", "undefined", "null", "NaN", undefined, null, NaN];
  result.nobody = [];
  for (const id of nobody) {
    const user = { id };
    const check = await app.checkBalance(user, 0.01);
    await app.recordUsage({ userId: id ?? "undefined", type: "image_generated", data: { images: 1 } });
    result.nobody.push([
      await threw(() => app.ensureCustomer(user)),
      await app.registerCustomer(user),
      await threw(() => app.createPortalUrl(user, "http://localhost")),
      await threw(() => app.getBalance(user)),
      check.ok || check.status,
      check.ok || app.insufficientBalance(check).code,
    ]);
  }
  result.nobodyAsked = asked.splice(0);
  result.nobodyHints = logged.filter((line) => line.includes("fault of the setup")).length;
  logged.length = 0;
}
{
  const app = await fresh("good");
  const send = (data, id) => app.recordUsage({ userId: "ada", type: "completion_finished", data, id });
  await send({ total_tokens: 0, model: "m" });
  await send({ total_tokens: undefined });
  await send({ total_tokens: NaN, input_tokens: 0 });
  await send({ model: "m" });
  result.nothing = await events();
  result.nothingLogged = logged.splice(0).length;
  await send({ input_tokens: 5, output_tokens: null, estimated: true });
  result.something = (await events()).map(({ data }) => data).reverse();
  result.somethingLogged = logged.splice(0).length;
}
{
  const app = await fresh("good");
  const before = (await events()).length;
  const job = () => app.recordUsage({ userId: "ada", type: "clip", data: { clips: 1 }, id: "clips:7:1700000000000:clip" });
  for (const repeated_event of ["accept", "409", "422"]) {
    await behave({ repeated_event });
    await job();
  }
  await app.recordUsage({ userId: "ada", type: "clip", data: { clips: 1 }, id: "00000000-0000-4000-8000-000000000000" });
  result.job = (await events()).slice(0, -before).map(({ id }) => id);
  for (const repeated_event of ["409", "422"]) {
    await behave({ repeated_event, lost_events: 1 });
    await app.recordUsage({ userId: "ada", type: "clip", data: { clips: 1 } });
  }
  result.repeated = (await events()).length - before;
  result.repeatedLogged = logged.splice(0);
  await behave({ repeated_event: "accept", lost_events: 0, rate_limited: 2, retry_after: 42 });
  waits.length = 0;
  await app.recordUsage({ userId: "ada", type: "clip", data: { clips: 1 } });
  result.limited = [(await events()).length - before, ...waits.splice(0)];
  result.limitedLogged = logged.splice(0);
}
{
  const app = await fresh("good");
  const { id } = await app.ensureCustomer({ id: "grace" });
  await fund(id, 0.16);
  const many = () => Promise.all(Array.from({ length: 20 }, () => app.checkBalance({ id: "grace" }, 0.05)));
  const checks = await many();
  result.parallel = checks.filter((check) => check.ok).length;
  const refused = checks.find((check) => !check.ok);
  result.refused = [refused.status, app.insufficientBalance(refused).code, refused.available];
  for (let i = 0; i < 3; i += 1) {
    await app.recordUsage({ userId: "grace", type: "image_generated", data: { images: 1 } });
  }
  result.spent = (await many()).filter((check) => check.ok).length;
  await fund(id, 0.05);
  result.again = (await many()).filter((check) => check.ok).length;
  const now = Date.now;
  Date.now = () => now() + 61_000;
  result.later = (await many()).filter((check) => check.ok).length;
  Date.now = now;
}
{
  const app = await fresh("good");
  await app.ensureCustomer({ id: "alan" });
  await fund((await app.ensureCustomer({ id: "alan" })).id, 5);
  await behave({ outage: "hang" });
  patience = 0.05;
  asked.length = 0;
  const checks = [];
  for (let i = 0; i < 3; i += 1) checks.push(await app.checkBalance({ id: "alan" }, 0.01));
  result.hanging = [checks.map((check) => check.ok || [check.status, check.code, check.headers]), asked.splice(0).length];
  const started = performance.now();
  const late = app.recordUsage({ userId: "alan", type: "late", data: { n: 1 } });
  await late;
  result.recordWaited = performance.now() - started > 2_000;
  await behave({ outage: "none" });
  patience = 1;
  const now = Date.now;
  Date.now = () => now() + 6_000;
  result.back = (await app.checkBalance({ id: "alan" }, 0.01)).ok;
  Date.now = now;
  result.backAgain = (await app.checkBalance({ id: "alan" }, 99)).status;
  logged.length = 0;
}
{
  const app = await fresh("bad");
  const checks = [];
  for (const id of ["eve", "mallory"]) checks.push(await app.checkBalance({ id }, 0.01));
  result.unknownProduct = checks.map((check) => [check.ok, check.status, check.code]);
  result.unknownProductHints = logged.filter((line) => line.includes("fault of the setup"));
  const good = await fresh("good");
  process.env.CREDYT_API_KEY = "nonsense";
  result.badKey = (await good.checkBalance({ id: "ada" }, 0.01)).code;
  delete process.env.CREDYT_API_KEY;
  result.noKey = (await good.checkBalance({ id: "ada" }, 0.01)).code;
}
console.log(JSON.stringify({ policy, ...result }));
process.exit(0);
