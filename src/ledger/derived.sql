-- Version 10: what is derived from raw transactions is kept up to date with every change, and indexed by what is asked.
--
-- `inputs` and `outputs` are read from raw bytes when a transaction comes in. `unsettled` names what the next settling has to
-- look at; triggers write it, so that no change is missed. Columns beside the derived rows and `sums` follow by triggers.

CREATE TABLE inputs (
    prev_txid    BLOB NOT NULL,
    prev_vout    INTEGER NOT NULL,
    txid         BLOB NOT NULL,
    PRIMARY KEY (prev_txid, prev_vout, txid)
) STRICT, WITHOUT ROWID;
CREATE TABLE outputs (
    script       BLOB NOT NULL,
    txid         BLOB NOT NULL,
    vout         INTEGER NOT NULL,
    PRIMARY KEY (script, txid, vout)
) STRICT, WITHOUT ROWID;
CREATE TABLE unsettled (
    account      INTEGER NOT NULL REFERENCES accounts (id),
    txid         BLOB NOT NULL,
    PRIMARY KEY (account, txid)
) STRICT, WITHOUT ROWID;
-- Sums over the unspent coins of an account that count, by what is known of them.
CREATE TABLE sums (
    account      INTEGER NOT NULL REFERENCES accounts (id),
    confirmed    INTEGER NOT NULL,
    proven       INTEGER NOT NULL,
    agreed       INTEGER NOT NULL,
    frozen       INTEGER NOT NULL,
    coins        INTEGER NOT NULL,
    value        INTEGER NOT NULL,
    PRIMARY KEY (account, confirmed, proven, agreed, frozen)
) STRICT, WITHOUT ROWID;

ALTER TABLE coins ADD COLUMN height INTEGER;
ALTER TABLE coins ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE coins ADD COLUMN agreed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE coins ADD COLUMN reward INTEGER NOT NULL DEFAULT 0;
-- 0 for a frozen coin whose transaction is gone: it keeps its row, unseen, and is frozen still if it comes back.
ALTER TABLE coins ADD COLUMN counts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE account_transactions ADD COLUMN height INTEGER;
ALTER TABLE account_transactions ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scripts ADD COLUMN transactions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scripts ADD COLUMN balance INTEGER NOT NULL DEFAULT 0;

DELETE FROM account_transactions WHERE EXISTS (
    SELECT 1 FROM accounts a JOIN transactions x ON x.network = a.network
    WHERE a.id = account_transactions.account AND x.txid = account_transactions.txid AND x.gone = 1);
UPDATE account_transactions SET (height, time) = (
    SELECT x.height, coalesce(x.block_time, x.first_seen) FROM accounts a JOIN transactions x ON x.network = a.network
    WHERE a.id = account_transactions.account AND x.txid = account_transactions.txid);
UPDATE coins SET (height, counts, reward, proven) = (
    SELECT x.height, x.gone = 0,
           substr(x.raw, 6, 36) = X'0000000000000000000000000000000000000000000000000000000000000000ffffffff'
             OR substr(x.raw, 8, 36) = X'0000000000000000000000000000000000000000000000000000000000000000ffffffff',
           EXISTS (SELECT 1 FROM proofs p WHERE p.txid = x.txid AND p.network = x.network
                   AND p.block_hash = x.block_hash AND p.height = x.height)
    FROM accounts a JOIN transactions x ON x.network = a.network WHERE a.id = coins.account AND x.txid = coins.txid);
UPDATE coins SET agreed = EXISTS (SELECT 1 FROM opinions o WHERE o.account = coins.account
    AND o.keychain = coins.keychain AND o.idx = coins.idx);
-- Every amount below 2^53, more than twice the satoshi there can be, adds up exactly here; an invented larger sum stops at the
-- largest number that a row can hold, where `sum` would end in an error.
INSERT INTO sums SELECT account, height IS NOT NULL, proven, agreed, frozen, count(*),
    CAST(total(value) AS INTEGER) FROM coins
    WHERE spent_by IS NULL AND counts = 1 GROUP BY 1, 2, 3, 4, 5;

CREATE INDEX coins_by_place ON coins (account, keychain, idx);
CREATE INDEX coins_by_value ON coins (account, value DESC, txid, vout) WHERE spent_by IS NULL AND counts = 1;
CREATE INDEX coins_by_height ON coins (account, height) WHERE spent_by IS NULL AND counts = 1;
CREATE INDEX coins_of_blocks ON coins (account, height) WHERE spent_by IS NULL AND counts = 1 AND reward = 1;
CREATE INDEX account_transactions_by_age
    ON account_transactions (account, height IS NULL DESC, height DESC, time DESC, txid);
CREATE INDEX account_transactions_by_time ON account_transactions (account, time);
CREATE INDEX transactions_waiting ON transactions (network) WHERE gone = 0 AND height IS NULL;
CREATE INDEX transactions_by_height ON transactions (network, height) WHERE height IS NOT NULL;
CREATE INDEX opinions_by_operator ON opinions (account, operator, beside);

UPDATE scripts SET
    transactions = (SELECT count(*) FROM script_transactions t JOIN accounts a ON a.id = t.account
        JOIN transactions x ON x.txid = t.txid AND x.network = a.network AND x.gone = 0
        WHERE t.account = scripts.account AND t.keychain = scripts.keychain AND t.idx = scripts.idx),
    balance = (SELECT CAST(total(c.value) AS INTEGER) FROM coins c WHERE c.account = scripts.account
        AND c.keychain = scripts.keychain AND c.idx = scripts.idx AND c.spent_by IS NULL AND c.counts = 1);
CREATE INDEX scripts_unused ON scripts (account, keychain, idx) WHERE transactions = 0 AND issued IS NOT NULL;
CREATE INDEX scripts_issued ON scripts (account, keychain, idx) WHERE issued IS NOT NULL;
CREATE INDEX scripts_cut ON scripts (account) WHERE mempool_cut = 1;

-- `ON CONFLICT` stands in every insert of a trigger: `OR IGNORE` would give way to the statement that fired it.
-- What changes about a transaction is to be settled in every account of its network that has it, and so are its children
-- where it comes, goes, or enters or leaves a block.
CREATE TRIGGER transaction_changed AFTER UPDATE OF height, block_hash, gone, signed ON transactions
WHEN OLD.height IS NOT NEW.height OR OLD.block_hash IS NOT NEW.block_hash OR OLD.gone <> NEW.gone
  OR OLD.signed <> NEW.signed
BEGIN
    INSERT INTO unsettled SELECT t.account, t.txid FROM script_transactions t
        JOIN accounts a ON a.id = t.account WHERE t.txid = NEW.txid AND a.network = NEW.network
        ON CONFLICT DO NOTHING;
    INSERT INTO unsettled SELECT t.account, t.txid FROM inputs i
        JOIN script_transactions t ON t.txid = i.txid JOIN accounts a ON a.id = t.account
        WHERE i.prev_txid = NEW.txid AND a.network = NEW.network
          AND (OLD.gone <> NEW.gone OR (OLD.height IS NULL) <> (NEW.height IS NULL))
        ON CONFLICT DO NOTHING;
    UPDATE coins SET height = NEW.height, counts = min(counts, 1 - NEW.gone),
        proven = EXISTS (SELECT 1 FROM proofs p WHERE p.txid = NEW.txid AND p.network = NEW.network
                         AND p.block_hash = NEW.block_hash AND p.height = NEW.height)
        WHERE txid = NEW.txid AND account IN (SELECT id FROM accounts WHERE network = NEW.network);
    UPDATE account_transactions SET height = NEW.height, time = coalesce(NEW.block_time, NEW.first_seen)
        WHERE txid = NEW.txid AND account IN (SELECT id FROM accounts WHERE network = NEW.network);
END;
CREATE TRIGGER transaction_dated AFTER UPDATE OF block_time, first_seen ON transactions
BEGIN
    UPDATE account_transactions SET time = coalesce(NEW.block_time, NEW.first_seen)
        WHERE txid = NEW.txid AND account IN (SELECT id FROM accounts WHERE network = NEW.network);
END;
CREATE TRIGGER transaction_comes_or_goes AFTER UPDATE OF gone ON transactions WHEN OLD.gone <> NEW.gone
BEGIN
    DELETE FROM account_transactions WHERE NEW.gone = 1 AND txid = NEW.txid
        AND account IN (SELECT id FROM accounts WHERE network = NEW.network);
    UPDATE scripts SET transactions = transactions + OLD.gone - NEW.gone
        WHERE (account, keychain, idx) IN (SELECT t.account, t.keychain, t.idx FROM script_transactions t
            JOIN accounts a ON a.id = t.account WHERE t.txid = NEW.txid AND a.network = NEW.network);
END;
CREATE TRIGGER script_used AFTER INSERT ON script_transactions
BEGIN
    INSERT INTO unsettled VALUES (NEW.account, NEW.txid) ON CONFLICT DO NOTHING;
    UPDATE scripts SET transactions = transactions + 1
        WHERE account = NEW.account AND keychain = NEW.keychain AND idx = NEW.idx
          AND EXISTS (SELECT 1 FROM accounts a JOIN transactions x ON x.network = a.network
                      WHERE a.id = NEW.account AND x.txid = NEW.txid AND x.gone = 0);
END;
-- A script that becomes known can make coins of what was known before.
CREATE TRIGGER script_derived AFTER INSERT ON scripts
BEGIN
    INSERT INTO unsettled SELECT t.account, t.txid FROM outputs o
        JOIN script_transactions t ON t.txid = o.txid AND t.account = NEW.account WHERE o.script = NEW.script
        ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER proof_found AFTER INSERT ON proofs
BEGIN
    UPDATE coins SET proven = 1 WHERE txid = NEW.txid
        AND account IN (SELECT id FROM accounts WHERE network = NEW.network)
        AND EXISTS (SELECT 1 FROM transactions x WHERE x.txid = NEW.txid AND x.network = NEW.network
                    AND x.block_hash = NEW.block_hash AND x.height = NEW.height);
END;
CREATE TRIGGER opinion_given AFTER INSERT ON opinions
BEGIN
    UPDATE coins SET agreed = 1
        WHERE account = NEW.account AND keychain = NEW.keychain AND idx = NEW.idx AND agreed = 0;
END;
CREATE TRIGGER opinion_forgotten AFTER DELETE ON opinions
BEGIN
    UPDATE coins SET agreed = 0
        WHERE account = OLD.account AND keychain = OLD.keychain AND idx = OLD.idx AND agreed = 1;
END;

-- Sums stop at the largest number that a row can hold, as sums in memory do.
CREATE TRIGGER coin_added AFTER INSERT ON coins WHEN NEW.spent_by IS NULL AND NEW.counts = 1
BEGIN
    INSERT INTO sums VALUES (NEW.account, NEW.height IS NOT NULL, NEW.proven, NEW.agreed, NEW.frozen, 1, NEW.value)
        ON CONFLICT DO UPDATE SET coins = coins + 1,
            value = iif(value > 9223372036854775807 - NEW.value, 9223372036854775807, value + NEW.value);
    UPDATE scripts SET balance = iif(balance > 9223372036854775807 - NEW.value, 9223372036854775807, balance + NEW.value)
        WHERE account = NEW.account AND keychain = NEW.keychain AND idx = NEW.idx;
END;
CREATE TRIGGER coin_removed AFTER DELETE ON coins WHEN OLD.spent_by IS NULL AND OLD.counts = 1
BEGIN
    UPDATE sums SET coins = coins - 1, value = max(0, value - OLD.value)
        WHERE account = OLD.account AND confirmed = (OLD.height IS NOT NULL) AND proven = OLD.proven
          AND agreed = OLD.agreed AND frozen = OLD.frozen;
    UPDATE scripts SET balance = max(0, balance - OLD.value)
        WHERE account = OLD.account AND keychain = OLD.keychain AND idx = OLD.idx;
END;
CREATE TRIGGER coin_was AFTER UPDATE ON coins WHEN OLD.spent_by IS NULL AND OLD.counts = 1
BEGIN
    UPDATE sums SET coins = coins - 1, value = max(0, value - OLD.value)
        WHERE account = OLD.account AND confirmed = (OLD.height IS NOT NULL) AND proven = OLD.proven
          AND agreed = OLD.agreed AND frozen = OLD.frozen;
    UPDATE scripts SET balance = max(0, balance - OLD.value)
        WHERE account = OLD.account AND keychain = OLD.keychain AND idx = OLD.idx;
END;
CREATE TRIGGER coin_is AFTER UPDATE ON coins WHEN NEW.spent_by IS NULL AND NEW.counts = 1
BEGIN
    INSERT INTO sums VALUES (NEW.account, NEW.height IS NOT NULL, NEW.proven, NEW.agreed, NEW.frozen, 1, NEW.value)
        ON CONFLICT DO UPDATE SET coins = coins + 1,
            value = iif(value > 9223372036854775807 - NEW.value, 9223372036854775807, value + NEW.value);
    UPDATE scripts SET balance = iif(balance > 9223372036854775807 - NEW.value, 9223372036854775807, balance + NEW.value)
        WHERE account = NEW.account AND keychain = NEW.keychain AND idx = NEW.idx;
END;
