// The pages in a real browser: a customer tops up by keyboard, the dashboard shows it and the next event as they happen, in
// light and dark, wide and narrow, without a fault on the console and without a page that scrolls sideways.
//
// Usage: node browser.mjs BASE_URL CHROMIUM [FOLDER FOR SCREENSHOTS]
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const [base, executablePath, shots] = process.argv.slice(2);
const { chromium } = createRequire(path.join(process.env.BROWSER_MODULES, "/"))("playwright-core");

async function call(method, target, body) {
  const response = await fetch(base + target, {
    method,
    headers: { "X-CREDYT-API-KEY": "key_test_browser", "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${target}: ${response.status}`);
  return response.status === 204 ? null : response.json();
}

const use = (customer, type, data) =>
  call("POST", "/events", {
    customer_id: customer,
    events: [{ id: crypto.randomUUID(), event_type: type, occurred_at: new Date().toISOString(), data }],
  });

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function look(page, name) {
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(sideways, 0, `${name} scrolls sideways by ${sideways}`);
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll("button, input:not([type=hidden]), select, a")]
      .filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).length);
  assert.equal(unnamed, 0, `${name}: a control without a name`);
  if (shots) await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

async function visit({ scheme, width, height }) {
  const view = `${scheme}-${width}`;
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height } });
  const watched = (page) => {
    page.on("console", (message) => message.type() === "error" && faults.push(`${page.url()}: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
    return page;
  };
  const faults = [];
  const addresses = { return_url: `${base}/?returned`, failure_url: `${base}/?failed` };
  const name = `Ada ${view}`;
  const { id } = await call("POST", "/customers", {
    name, external_id: crypto.randomUUID(), email: "ada@example.com",
    subscriptions: [{ products: [{ code: "default_plan" }] }],
  });
  const portal = async () =>
    (await call("POST", "/billing-portal/sessions", { customer_id: id, ...addresses })).redirect_url;

  // The dashboard follows what happens without being asked.
  const dashboard = watched(await context.newPage());
  await dashboard.goto(base);
  await dashboard.getByText("live", { exact: true }).waitFor();
  const customer = dashboard.locator("#customers tr", { hasText: name });
  await customer.getByText("$0.00").waitFor();

  // By keyboard alone: the amount has the focus, Enter pays, and the browser is back where it came from.
  const page = watched(await context.newPage());
  await page.goto(await portal());
  assert.equal(await page.evaluate(() => document.activeElement.id), "amount");
  await look(page, `portal-${view}`);
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("0.10");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/?returned");
  await customer.getByText("$0.10").waitFor();

  await use(id, "image_generated", { images: 1 });
  await customer.getByText("$0.05").waitFor();
  const row = dashboard.locator("#events tr", { hasText: name });
  await row.getByText("image_generated").waitFor();

  // A misspelt type is in red, with the one that was meant.
  await use(id, "image_genrated", { images: 1 });
  await row.getByText("did you mean").first().waitFor();
  const colour = await row.locator(".why").first().evaluate((e) => getComputedStyle(e).color);
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  assert.ok(red > green && red > blue, `a doubt is not red but ${colour}`);
  // It stays in sight when many others came after it.
  for (let burst = 0; burst < 3; burst += 1) {
    await call("POST", "/events", {
      customer_id: id,
      events: Array.from({ length: 40 }, () => ({
        id: crypto.randomUUID(), event_type: "image_generated", occurred_at: new Date().toISOString(), data: {},
      })),
    });
  }
  await dashboard.locator("#events-count", { hasText: "100 of" }).waitFor();
  await dashboard.locator("#doubts-list").getByText("image_genrated").first().waitFor();
  await look(dashboard, `dashboard-${view}`);

  // A payment that fails leads to the other address and changes nothing; nonsense is explained.
  await page.goto(await portal());
  await page.getByLabel("Amount").fill("twenty");
  await page.getByRole("button", { name: "Pay with test card" }).click();
  await page.getByRole("alert").waitFor();
  await look(page, `portal-fault-${view}`);
  await page.getByLabel("Amount").fill("7");
  await page.getByRole("button", { name: "Let the payment fail" }).click();
  await page.waitForURL("**/?failed");

  // A plan with a fee: the payment page, then active.
  const plan = await call("POST", "/customers", {
    name: `Bo ${view}`, subscriptions: [{ products: [{ code: "pro_monthly" }], ...addresses }],
  });
  await page.goto(plan.subscriptions[0].required_actions[0].redirect_url);
  await look(page, `payment-${view}`);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/?returned");
  assert.equal((await call("GET", `/customers/${plan.id}`)).subscriptions[0].status, "active");

  assert.deepEqual(faults.filter((fault) => !fault.includes("422")), []);
  await page.goto(`${base}/portal?token=unknown`);
  await page.getByRole("heading", { name: "This link is not known" }).waitFor();
  await look(page, `unknown-${view}`);
  await context.close();
}

try {
  for (const scheme of ["light", "dark"]) {
    await visit({ scheme, width: 1400, height: 950 });
    await visit({ scheme, width: 390, height: 844 });
  }
  console.log("ok");
} finally {
  await browser.close();
}
