-- Relations large enough to be read by several connections, of every sort that is cut differently.
-- Each has id, word and pad; the digest of a row is that of its word.
CREATE SCHEMA cut;
-- The heap under another name: what a table of a foreign access method looks like to its readers.
CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;

CREATE FUNCTION cut.row_pad(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT repeat(md5(i::text), 10) $$;

-- Pages that became empty, rows that moved to the end, and a column that is gone.
CREATE TABLE cut.plain (id bigint PRIMARY KEY, gone int, word text, pad text);
ALTER TABLE cut.plain DROP COLUMN gone;
INSERT INTO cut.plain SELECT i, md5(i::text), cut.row_pad(i) FROM generate_series(1, 70000) i;
DELETE FROM cut.plain WHERE id BETWEEN 20000 AND 30000;
UPDATE cut.plain SET word = word || '!' WHERE id % 10 = 0;

-- Leaves with other column orders, a branch, one leaf without rows, one too small to cut.
CREATE TABLE cut.parted (id bigint NOT NULL, word text, pad text) PARTITION BY RANGE (id);
CREATE TABLE cut.parted_a (pad text, old int, word text, id bigint NOT NULL);
ALTER TABLE cut.parted_a DROP COLUMN old;
ALTER TABLE cut.parted ATTACH PARTITION cut.parted_a FOR VALUES FROM (0) TO (30000);
CREATE TABLE cut.parted_b PARTITION OF cut.parted FOR VALUES FROM (30000) TO (60000)
    PARTITION BY HASH (id);
CREATE TABLE cut.parted_b0 PARTITION OF cut.parted_b FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE cut.parted_b1 PARTITION OF cut.parted_b FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE cut.parted_c PARTITION OF cut.parted FOR VALUES FROM (60000) TO (70000);
CREATE TABLE cut.parted_d PARTITION OF cut.parted FOR VALUES FROM (70000) TO (70100);
INSERT INTO cut.parted SELECT i, md5(i::text), cut.row_pad(i)
    FROM generate_series(1, 70050) i WHERE i < 60000 OR i >= 70000;

CREATE TABLE cut.keyed (id bigint PRIMARY KEY, word text, pad text) USING other;
INSERT INTO cut.keyed SELECT i * 3, md5(i::text), cut.row_pad(i) FROM generate_series(-30000, 30000) i;

-- The language's order is not that of the bytes.
CREATE TABLE cut.worded (word text COLLATE "en-x-icu" PRIMARY KEY, id bigint, pad text) USING other;
INSERT INTO cut.worded SELECT
    (ARRAY['a', 'B', 'é', 'Z', '''', '\', 'ß', '_'])[i % 8 + 1] || md5(i::text), i, cut.row_pad(i)
    FROM generate_series(1, 60000) i;

CREATE TABLE cut.composed (id bigint, part int, word text, pad text, PRIMARY KEY (id, part)) USING other;
INSERT INTO cut.composed SELECT i / 2, i % 2, md5(i::text), cut.row_pad(i)
    FROM generate_series(1, 60000) i;

CREATE TABLE cut.keyless (id bigint, word text, pad text) USING other;
INSERT INTO cut.keyless SELECT i, md5(i::text), cut.row_pad(i) FROM generate_series(1, 60000) i;

CREATE MATERIALIZED VIEW cut.viewed AS SELECT id, word, pad FROM cut.plain WHERE id % 2 = 1;
CREATE VIEW cut.seen AS SELECT * FROM cut.plain;
CREATE INDEX plain_word ON cut.plain (word);
ANALYZE;
