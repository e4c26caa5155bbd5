-- A table that writers change while it is read, and that tells of itself whether a read of it is
-- one snapshot: `mark` is new with every write, and the row of each writer holds by how much its
-- transactions changed the sum of all marks. In any one snapshot
--     sum(mark) over rows of kind 'data' = sum(mark) over rows of kind 'writer'
-- and the same for the counts; a row lost, doubled or of another moment breaks it.
CREATE SCHEMA churn;

CREATE PROCEDURE churn.fill(relation regclass, row_count int) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($f$
        INSERT INTO %1$s (id, kind, mark, amount, pad)
            SELECT i, 'data', i * 7919, 1, repeat(md5(i::text), 8) FROM generate_series(1, %2$s) i;
        INSERT INTO %1$s (id, kind, mark, amount, pad)
            SELECT -1, 'writer', sum(mark), count(*), '' FROM %1$s;
        INSERT INTO %1$s (id, kind, mark, amount, pad)
            SELECT -1 - w, 'writer', 0, 0, '' FROM generate_series(1, 2) w;
        $f$, relation, row_count);
END $$;

-- Writes for ever, in small transactions; writer 1 has the odd ids, writer 2 the even ones.
CREATE PROCEDURE churn.write(relation regclass, writer int, row_count int) LANGUAGE plpgsql AS $$
DECLARE
    next_id bigint := row_count + writer;
BEGIN
    LOOP
        EXECUTE format($f$
            WITH chosen AS (
                SELECT DISTINCT (random() * %3$s)::bigint / 2 * 2 + %2$s %% 2 AS id
                FROM generate_series(1, 40)
            ), old AS (
                SELECT t.id, t.mark FROM %1$s t JOIN chosen USING (id) WHERE kind = 'data' FOR UPDATE
            ), updated AS (
                UPDATE %1$s t SET mark = (random() * 1e12)::bigint,
                    pad = repeat(md5(random()::text), 4 + (random() * 8)::int)
                FROM old WHERE t.id = old.id AND old.id %% 3 > 0
                RETURNING t.mark - old.mark AS change
            ), deleted AS (
                DELETE FROM %1$s t USING old WHERE t.id = old.id AND old.id %% 3 = 0
                RETURNING t.mark
            ), inserted AS (
                INSERT INTO %1$s (id, kind, mark, amount, pad)
                SELECT %4$s + 2 * i, 'data', (random() * 1e12)::bigint, 1,
                    repeat(md5(random()::text), 8)
                FROM generate_series(1, 12) i RETURNING mark
            )
            UPDATE %1$s SET
                mark = mark + coalesce((SELECT sum(change) FROM updated), 0)
                    - coalesce((SELECT sum(mark) FROM deleted), 0)
                    + (SELECT sum(mark) FROM inserted),
                amount = amount - (SELECT count(*) FROM deleted) + (SELECT count(*) FROM inserted)
            WHERE id = -1 - %2$s
            $f$, relation, writer, row_count, next_id);
        COMMIT;
        next_id := next_id + 24;
    END LOOP;
END $$;

CREATE TABLE churn.heap (id bigint PRIMARY KEY, kind text, mark numeric(30, 0), amount bigint, pad text);
CALL churn.fill('churn.heap', 60000);
CREATE TABLE churn.parted (id bigint PRIMARY KEY, kind text, mark numeric(30, 0), amount bigint, pad text)
    PARTITION BY HASH (id);
CREATE TABLE churn.parted_0 PARTITION OF churn.parted FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE churn.parted_1 PARTITION OF churn.parted FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE churn.parted_2 PARTITION OF churn.parted FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CALL churn.fill('churn.parted', 60000);
ANALYZE;
