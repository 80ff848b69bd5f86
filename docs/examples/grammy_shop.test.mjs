// Run beside `tgsandbox serve --control`, with `node --test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shop } from "./grammy_shop.mjs";

const sandbox = process.env.TGSANDBOX ?? "http://127.0.0.1:8081";

async function control(path, body) {
  const response = await fetch(`${sandbox}/control/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.ok(response.ok, answer.detail);
  return answer;
}

test("a buyer pays and is thanked", async () => {
  const { token, api } = await control("bots", { username: "shop_bot" });
  const { id } = await control("people", { name: "Покупатель", stars: 60 });
  const buyer = (act, body = {}) => control(`people/${id}/${act}`, body);
  const bot = shop(token, api);
  const polling = bot.start();

  await buyer("send", { to: "shop_bot", text: "/start" });
  await buyer("reply", { containing: "Что вам угодно?" });
  const pressed = await buyer("press", { text: "Купить", answer: true });
  assert.equal(pressed.answer.text, "Минуту…");
  const receipt = await buyer("pay");
  await buyer("reply", { containing: "Спасибо! 100 токенов ваши." });

  assert.equal(receipt.amount, 50);
  await bot.stop();
  await polling;
});
