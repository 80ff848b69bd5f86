// The same shop in grammY.
import { Bot, InlineKeyboard } from "grammy";

export function shop(token, apiRoot = "https://api.telegram.org") {
  const bot = new Bot(token, { client: { apiRoot } });

  bot.command("start", (ctx) =>
    ctx.reply("Что вам угодно?", {
      reply_markup: new InlineKeyboard().text("Купить", "buy"),
    }),
  );
  bot.callbackQuery("buy", async (ctx) => {
    await ctx.answerCallbackQuery("Минуту…");
    await ctx.replyWithInvoice("100 токенов", "Хватит надолго", "tokens:100", "XTR", [
      { label: "100 токенов", amount: 50 },
    ]);
  });
  bot.on("pre_checkout_query", (ctx) => ctx.answerPreCheckoutQuery(true));
  bot.on("message:successful_payment", (ctx) => ctx.reply("Спасибо! 100 токенов ваши."));

  return bot;
}
