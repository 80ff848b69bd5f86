-- The messages that show how to pay it. Whoever shows them names them, and hears of its end: nobody is
-- to send money to where it is not looked for any more.
ALTER TABLE payments.payment ADD COLUMN shown text[] NOT NULL DEFAULT '{}';
