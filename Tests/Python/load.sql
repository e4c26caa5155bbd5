-- Tables that are written while they are read, and a log that tells what every snapshot of them
-- holds. Each writer has rows of its own (id modulo 6 is its number) and a counter, the row with the
-- id -writer: a transaction takes the next number, writes it into every row it changes (column v) and
-- logs each change under it. From the counters of a snapshot follow all of its rows. The row with
-- the id 0 counts the transactions of writers 1 and 2 together, so that no two moments mix.
CREATE SCHEMA load;

CREATE TABLE load.audit (
    n bigserial PRIMARY KEY, xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    w int NOT NULL, seq bigint NOT NULL, id bigint NOT NULL, gone bool NOT NULL
);
CREATE SEQUENCE load.ids;

-- What a row has to hold beside its id and its number.
CREATE FUNCTION load.pad(id bigint, v bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT repeat(md5(id::text || ':' || v::text), 6) $$;
CREATE FUNCTION load.big(id bigint, v bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE WHEN id % 50 = 7 THEN repeat(md5(v::text || ':' || id::text), 100) END $$;

-- Begins the work of a transaction: its number.
CREATE FUNCTION load.next(relation regclass, w int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    seq bigint;
BEGIN
    EXECUTE format('UPDATE %s SET v = v + 1 WHERE id = -$1 RETURNING v', relation)
        INTO STRICT seq USING w;
    IF w <= 2 THEN
        EXECUTE format('UPDATE %s SET v = v + 1 WHERE id = 0', relation);
    END IF;
    RETURN seq;
END $$;

-- Changes `count` rows between two ids, takes out some and puts as many in under new ids; in a session
-- with load.still only changes, which leave the number of rows in a page as it was where it has room.
CREATE FUNCTION load.change(relation regclass, w int, seq bigint, low bigint, high bigint, count int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    still bool := coalesce(current_setting('load.still', true), 'off') = 'on';
BEGIN
    EXECUTE format($f$
        WITH chosen AS MATERIALIZED (
            SELECT DISTINCT ($3 + (random() * ($4 - $3))::bigint) / 6 * 6 + $1 AS id
            FROM generate_series(1, $5)
        ), changed AS (
            UPDATE %1$s t SET v = $2, pad = load.pad(t.id, $2), big = load.big(t.id, $2)
            FROM chosen WHERE t.id = chosen.id AND ($6 OR t.id / 6 %% 4 > 0) RETURNING t.id
        ), deleted AS (
            DELETE FROM %1$s t USING chosen WHERE t.id = chosen.id AND NOT $6 AND t.id / 6 %% 4 = 0
            RETURNING t.id
        ), inserted AS (
            INSERT INTO %1$s (id, w, v, pad, big)
            SELECT i, $1, $2, load.pad(i, $2), load.big(i, $2)
            FROM (SELECT nextval('load.ids') * 6 + $1 AS i FROM deleted) n RETURNING id
        )
        INSERT INTO load.audit (w, seq, id, gone)
        SELECT $1, $2, id, false FROM changed UNION ALL SELECT $1, $2, id, true FROM deleted
            UNION ALL SELECT $1, $2, id, false FROM inserted
        $f$, relation) USING w, seq, low, high, count, still;
END $$;

-- The same, undone by an error that is caught.
CREATE FUNCTION load.fail(relation regclass, w int, seq bigint, low bigint, high bigint, count int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM load.change(relation, w, seq, low, high, count);
    RAISE EXCEPTION 'undone';
EXCEPTION WHEN raise_exception THEN
    NULL;
END $$;

-- The same, in a subtransaction that stays.
CREATE FUNCTION load.nest(relation regclass, w int, seq bigint, low bigint, high bigint, count int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM load.change(relation, w, seq, low, high, count);
EXCEPTION WHEN raise_exception THEN
    NULL;
END $$;

-- Puts `count` rows with new ids in, by number of the transaction.
CREATE FUNCTION load.rows(w int, seq bigint, count int)
RETURNS TABLE (id bigint, w1 int, v bigint, pad text, big text) LANGUAGE sql AS $$
    SELECT i, w, seq, load.pad(i, seq), load.big(i, seq)
    FROM (SELECT nextval('load.ids') * 6 + w AS i FROM generate_series(1, count)) n
$$;

-- Rows with a cursor, which writers may set late, to the past, to nothing, or forget. No number of a
-- version comes twice.
CREATE SEQUENCE load.versions;

CREATE PROCEDURE load.make_items(kind text) LANGUAGE plpgsql AS $$
DECLARE
    shape text := '(id bigint PRIMARY KEY, v bigint NOT NULL, at timestamptz, note text)';
BEGIN
    DROP VIEW IF EXISTS load.seen;
    DROP TABLE IF EXISTS load.items;
    TRUNCATE load.audit;
    IF kind = 'parted' THEN
        EXECUTE 'CREATE TABLE load.items ' || shape || ' PARTITION BY HASH (id)';
        FOR i IN 0..2 LOOP
            EXECUTE format('CREATE TABLE load.items%s PARTITION OF load.items '
                'FOR VALUES WITH (MODULUS 3, REMAINDER %s)', i, i);
        END LOOP;
    ELSE
        EXECUTE 'CREATE TABLE load.items ' || shape || ' WITH (fillfactor = 90)';
    END IF;
    INSERT INTO load.items
        SELECT i, nextval('load.versions'), CASE WHEN i % 40 > 0 THEN now() - i * interval '1 s' END,
            repeat(md5(i::text), 10)
        FROM generate_series(1, 8000) i;
    INSERT INTO load.audit (w, seq, id, gone) SELECT 0, v, id, false FROM load.items;
    CREATE VIEW load.seen AS SELECT * FROM load.items WHERE v > 0;
    PERFORM setval('load.ids', 10000);
END $$;

-- Updates `count` rows and inserts half as many; `moment` is the cursor's new value as SQL.
CREATE FUNCTION load.touch(count int, moment text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($f$
        WITH chosen AS MATERIALIZED (
            SELECT id FROM load.items WHERE id IN (
                SELECT 1 + (random() * 7999)::bigint FROM generate_series(1, $1)
            ) FOR UPDATE SKIP LOCKED
        ), changed AS (
            UPDATE load.items t SET v = nextval('load.versions'), at = %1$s, note = md5(random()::text)
            FROM chosen WHERE t.id = chosen.id RETURNING t.id, t.v
        ), inserted AS (
            INSERT INTO load.items SELECT nextval('load.ids'), nextval('load.versions'),
                (SELECT %2$s FROM (SELECT now() AS at) t), md5(random()::text)
            FROM generate_series(1, $1 / 2) RETURNING id, v
        )
        INSERT INTO load.audit (w, seq, id, gone)
        SELECT 0, v, id, false FROM changed UNION ALL SELECT 0, v, id, false FROM inserted
        $f$, moment, moment) USING count;
END $$;

-- One writer whose cursor never goes back: rows in turn, moments that several rows share.
CREATE FUNCTION load.step(first bigint, count int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH changed AS (
        UPDATE load.items SET v = nextval('load.versions'), note = md5(random()::text),
            at = to_timestamp(floor(extract(epoch FROM clock_timestamp()) * 50) / 50)
        WHERE id >= first AND id < first + count RETURNING id, v
    )
    INSERT INTO load.audit (w, seq, id, gone) SELECT 0, v, id, false FROM changed;
END $$;
