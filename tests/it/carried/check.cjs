// Runs the handlers of the integrated sticker app side by side, with everything outside of the app made up, and prints
// whom each request to the provider was recorded for: `[["who asked", "who pays"], …]`.
const Module = require('node:module');
const path = require('node:path');

const routes = {};
const pairs = [];
const wait = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
const pass = () => (_req, _res, next) => next?.();

function express() {
  const register = (address, ...handlers) => (routes[address] ??= handlers.at(-1));
  return { use() {}, get() {}, delete() {}, listen() {}, post: register };
}
express.json = pass;

const stand = {
  express,
  'express-session': pass,
  bcryptjs: {},
  passport: { initialize: pass, session: pass, authenticate: pass },
  './auth': { isAuthenticated: pass() },
  './db': {},
  './credyt/customer': {},
  './credyt/balance': { checkBalance: async () => ({ ok: true }) },
  './credyt/usage': {
    async recordUsage({ userId }) {
      const asked = asking.getStore();
      await wait();
      pairs.push([asked, String(userId)]);
    },
  },
};
const load = Module._load;
Module._load = (name, ...rest) => stand[name] ?? load(name, ...rest);

// Who asked is kept apart from the app's own way to know it.
const { AsyncLocalStorage } = require('node:async_hooks');
const asking = new AsyncLocalStorage();
globalThis.fetch = async () => {
  await wait();
  return { ok: true, json: async () => ({ id: 'p', choices: [{ message: { content: 'a name' } }] }) };
};

require(path.resolve('src/app.js'));

const response = { status: () => response, json() {}, end() {} };
const visits = Array.from({ length: 200 }, (_, n) => {
  const id = n % 40;
  const handler = routes[n % 2 ? '/stickers' : '/names'];
  const request = { user: { id }, body: { prompt: `a cat for ${id}` } };
  return asking.run(String(id), async () => {
    await wait();
    await handler(request, response);
  });
});
Promise.all(visits).then(() => console.log(JSON.stringify(pairs)));
