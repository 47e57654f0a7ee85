// Shows each snapshot that the server sends. All text goes in as text, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const clock = (stamp) => time.format(new Date(stamp));
let seen = null;

function node(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const cell = (content, kind) => node("td", { class: kind }, ...[content].flat());
const sub = (text) => (text ? node("span", { class: "sub", title: text }, text) : null);

// Amounts arrive as JSON numbers with few digits; exponents are spelled out, nothing is rounded to cents.
function plain(number) {
  const text = String(number);
  return /e/i.test(text) ? Number(text).toFixed(12).replace(/\.?0+$/, "") : text;
}

function money(amount, asset) {
  const text = plain(amount);
  const digits = text.replace("-", "");
  const cents = /^\d+$/.test(digits) ? `${digits}.00` : /^\d+\.\d$/.test(digits) ? `${digits}0` : digits;
  const sign = text.startsWith("-") ? "\u2212" : "";
  if (asset === "USD") return `${sign}$${cents}`;
  return `${sign}${asset.length === 3 ? cents : digits} ${asset}`;
}

function rows(id, list, empty, columns, draw, total = list.length) {
  const body = byId(id);
  byId(`${id}-count`).textContent = total > list.length ? `${list.length} of ${total}` : list.length ? String(list.length) : "";
  if (!list.length) {
    body.replaceChildren(node("tr", null, node("td", { colspan: String(columns), class: "empty" }, empty)));
    return;
  }
  body.replaceChildren(...list.map(draw));
}

function eventRow(event) {
  const data = Object.entries(event.data ?? {});
  const costs = event.costs ?? [];
  const fees = event.fees.map((fee) => node("div", { title: `${fee.price_name} · ${fee.product_code} v${fee.product_version}` }, money(fee.amount, fee.currency)));
  const doubt = event.doubt;
  const why = doubt && node("span", { class: "why" }, doubt.reason, doubt.nearest ? node("span", null, " – did you mean ", node("code", null, doubt.nearest), "?") : null);
  const kind = [doubt ? "doubt" : "", seen && !seen.has(event.id) ? "fresh" : ""].join(" ").trim();
  return node("tr", { class: kind },
    cell(clock(event.created_at), "muted time"),
    cell([event.customer ?? event.customer_id, sub(event.external_id)]),
    cell([node("code", null, event.event_type), sub(event.subject), why]),
    cell(node("span", { class: "chips mono" }, ...data.map(([name, value]) => node("span", null, `${name}=${typeof value === "number" ? plain(value) : value}`))), "wide"),
    cell(fees.length ? fees : event.billed ? node("span", { class: doubt ? "bad" : "muted" }, "no fee") : node("span", { class: "muted" }, "waiting"), "num"),
    cell(costs.map((cost) => node("div", { title: cost.vendor_external_id ?? cost.vendor_id }, money(cost.amount, cost.currency ?? "USD"))), "num muted wide"));
}

function customerRow(customer) {
  return node("tr", null,
    cell([customer.name, sub(customer.external_id ?? customer.id)]),
    cell(customer.subscriptions.map((held) => node("div", null, node("span", { class: `tag ${held.status}` }, held.status.replace("_", " ")), sub(held.products.join(", "))))),
    cell(customer.accounts.map((account) => node("div", { class: String(account.available).startsWith("-") ? "bad" : "" }, money(account.available, account.asset))), "num"));
}

function requestCells(line) {
  return [cell(clock(line.at), "muted time"), cell(node("code", null, `${line.method} ${line.path}`)),
    cell(node("span", { class: `tag ${line.status < 400 ? "ok" : "fail"}` }, String(line.status)))];
}

function deliveryRow(delivery) {
  const said = delivery.metadata?.status ?? delivery.metadata?.error ?? "";
  return node("tr", null, cell(clock(delivery.time), "muted time"), cell(node("code", null, delivery.topic)),
    cell(delivery.url ?? "", "muted wide"),
    cell([node("span", { class: `tag ${delivery.success ? "ok" : "fail"}` }, String(said)), sub(delivery.metadata?.attempt > 1 ? `attempt ${delivery.metadata.attempt}` : "")]));
}

const DEFAULTS = { duplicate_customer: "422", location: "relative", lookup: "redirect", unknown_vendor: "refuse", repeated_event: "accept", unpaid_word: "action_required",
  event_delay_ms: 0, response_delay_ms: 0, rate_limited: 0, refused_events: 0, lost_events: 0, outage: "none" };

function show(state) {
  byId("base").textContent = state.base;
  const switched = Object.entries(DEFAULTS).filter(([name, value]) => state.behaviour[name] !== value);
  byId("switches").replaceChildren(...switched.map(([name]) => node("li", null, `${name.replaceAll("_", " ")}: ${state.behaviour[name]}`)));
  const { counts, stats } = state;
  const tiles = [[counts.customers, "customers"], [counts.events, "events"], [money(stats.gross_revenue, stats.currency), "revenue"],
    [money(stats.total_costs, stats.currency), "costs"], [`${plain(stats.margin)} %`, "margin"], [counts.requests, "requests"]];
  byId("tiles").replaceChildren(...tiles.map(([value, name]) => node("div", { class: "tile" }, node("b", null, String(value)), node("span", null, name))));

  const doubts = [
    ...state.doubts.map((event) => [event.created_at, node("code", null, event.event_type), ` \u2013 ${event.doubt.reason}`,
      event.doubt.nearest ? node("span", null, "; did you mean ", node("code", null, event.doubt.nearest), "?") : ""]),
    ...state.notes.map((note) => [note.at, node("code", null, note.about), ` \u2013 ${note.text}`, ""]),
  ].sort((a, b) => (a[0] < b[0] ? 1 : -1));
  byId("doubts").hidden = doubts.length === 0;
  byId("doubts-count").textContent = String(doubts.length);
  byId("doubts-list").replaceChildren(...doubts.slice(0, 20).map(([at, ...rest]) => node("li", null, node("span", { class: "muted" }, `${clock(at)}  `), ...rest)));

  rows("events", state.events, "No usage yet. It appears here as it arrives.", 6, eventRow, counts.events);
  rows("customers", state.customers, "No customers yet. Sign up in the app.", 3, customerRow, counts.customers);
  rows("rejected", state.rejected, "Nothing was refused.", 4, (line) => node("tr", null, ...requestCells(line), cell(line.reason ?? "", "bad")));
  rows("deliveries", state.deliveries, "No webhook was sent.", 4, deliveryRow, counts.deliveries);
  if (byId("requests-box").open) rows("requests", state.requests, "No requests yet.", 4, (line) => node("tr", null, ...requestCells(line), cell(String(line.took), "num muted")), counts.requests);
  else byId("requests-count").textContent = String(counts.requests);
  seen = new Set(state.events.map((event) => event.id));
}

let latest = null;
const live = byId("live");
const stream = new EventSource("/_sandbox/stream");
stream.onopen = () => { live.textContent = "live"; live.className = "live on"; };
stream.onerror = () => { live.textContent = "not connected"; live.className = "live off"; };
stream.onmessage = (message) => { latest = JSON.parse(message.data); show(latest); };
byId("requests-box").addEventListener("toggle", () => latest && show(latest));
