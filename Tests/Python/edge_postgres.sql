-- A database in which every row of docs/types.md for Postgres stands, with its edge cases.
-- Only what Debian's postgresql and postgresql-contrib bring is used.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE SCHEMA edge;
SET search_path = edge, public;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'O''Brien "quoted", π');
CREATE TYPE point2 AS (x int, y double precision);
CREATE TYPE address AS (street text, number int, place point2, tags text[]);
CREATE TYPE schedule AS (starts time, amount numeric(10, 2));
CREATE DOMAIN email AS text CHECK (value LIKE '%@%');
CREATE DOMAIN price AS numeric(12, 3);
CREATE DOMAIN nested_price AS price;
CREATE TYPE float_range AS RANGE (subtype = float8);

-- Numbers ------------------------------------------------------------------------------------
CREATE TABLE numbers (
    id int PRIMARY KEY,
    a_bool boolean, a_int2 int2, a_int4 int4, a_int8 int8,
    an_oid oid, an_xid xid, a_cid cid, an_xid8 xid8,
    a_float4 float4, a_float8 float8,
    n_9_2 numeric(9, 2), n_10_0 numeric(10), n_18_6 numeric(18, 6), n_19_0 numeric(19, 0),
    n_38_10 numeric(38, 10), n_38_38 numeric(38, 38),
    n_negative_scale numeric(5, -3), n_small numeric(2, 5),
    n_39_0 numeric(39, 0), n_1000_500 numeric(1000, 500),
    n_free_small numeric, n_free_wide numeric, n_free_nothing numeric,
    cash money
);
INSERT INTO numbers (id) VALUES (0);
INSERT INTO numbers VALUES
    (1, true, 32767, 2147483647, 9223372036854775807,
     4294967295, '4294967295', '4294967295', '18446744073709551615',
     3.4028235e38, 1.7976931348623157e308,
     9999999.99, 9999999999, 999999999999.999999, 9999999999999999999,
     9999999999999999999999999999.9999999999, 0.99999999999999999999999999999999999999,
     99999000, 0.00099,
     999999999999999999999999999999999999999,
     (repeat('9', 500) || '.' || repeat('9', 500))::numeric,
     123456.789, (repeat('7', 800) || '.' || repeat('3', 200))::numeric, NULL,
     '92233720368547758.07'),
    (2, false, -32768, -2147483648, -9223372036854775808,
     0, '0', '0', '0',
     -3.4028235e38, -1.7976931348623157e308,
     -9999999.99, -9999999999, -999999999999.999999, -9999999999999999999,
     -9999999999999999999999999999.9999999999, -0.99999999999999999999999999999999999999,
     -99999000, -0.00099,
     -999999999999999999999999999999999999999,
     ('-' || repeat('9', 500) || '.' || repeat('9', 500))::numeric,
     -0.00001, -1e-200, NULL, '-92233720368547758.08'),
    (3, true, 0, 0, 0, 1, '1', '1', '1',
     '-0', '-0', 0, 0, 0.000001, 0, 0.0000000001, 0.00000000000000000000000000000000000001,
     0, 0, 0, 0, 0, 0, NULL, 0),
    (4, NULL, 1, 1, 1, 2147483648, '2147483648', '2147483648', '9223372036854775808',
     'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN',
     'NaN', 'NaN', NULL, 0.01),
    (5, NULL, -1, -1, -1, 3, '3', '3', '3',
     'Infinity', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     'Infinity', 'Infinity', NULL, -0.01),
    (6, NULL, -1, -1, -1, 3, '3', '3', '3',
     '-Infinity', '-Infinity', 1.5, 10000, 10000.0001, 10000, 100000000.5, 0.5, 1000, 0.5e-4,
     100000000, 100000000.00000001, '-Infinity', '-Infinity', NULL, 1234.56),
    (7, true, 7, 7, 7, 7, '7', '7', '7', 1e-45, 5e-324, 0.01, 1, 0.1, 1, 0.1, 0.1, 12000, 0.00001,
     10, 10.5, 1000000, 12345678901234567890, NULL, 0);

-- Numerics without precision that fit a decimal exactly, hardly and not at all.
CREATE TABLE numerics_sized (
    id int PRIMARY KEY, thirty_eight numeric, thirty_nine numeric, whole numeric,
    trailing_zeros numeric, powers numeric
);
INSERT INTO numerics_sized VALUES
    (1, 99999999999999999999.999999999999999999, 999999999999999999999.999999999999999999,
     12345678901234567890123456789012345678, 1.50000000000000000000000000000000000000000, 1e20),
    (2, -0.000000000000000001, 0.000000000000000001, -1, 10.00, 1e-5),
    (3, NULL, NULL, 0, 0.000, 1e4),
    (4, 1, 1, 'NaN', 100, 9999);

-- Dates and times ------------------------------------------------------------------------------
CREATE TABLE times (
    id int PRIMARY KEY, a_date date, a_timestamp timestamp, a_timestamptz timestamptz,
    a_short timestamp(0), a_time time, a_timetz timetz, an_interval interval
);
INSERT INTO times VALUES
    (1, '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+05:30',
     '2024-02-29 12:34:56', '12:34:56.789012', '12:34:56.789012+05:30',
     '1 year 2 months 3 days 04:05:06.789'),
    (2, 'infinity', 'infinity', 'infinity', 'infinity', '24:00:00', '24:00:00+15:59', '0'),
    (3, '-infinity', '-infinity', '-infinity', '-infinity', '00:00:00', '00:00:00-15:59',
     '-178000000 years'),
    (4, '4713-01-01 BC', '4713-01-01 00:00:00 BC', '4713-01-02 00:00:00+00 BC',
     '0001-12-31 23:59:59 BC', '23:59:59.999999', '23:59:59.999999+00',
     '178000000 years 11 months 30 days 23:59:59.999999'),
    (5, '5874897-12-31', '294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775807+00',
     '9999-12-31 23:59:59', '00:00:00.000001', '00:00:00.000001+01', '-00:00:00.000001'),
    (6, '10000-01-01', '294247-01-10 04:00:54.775808', '294276-12-31 23:59:59.999999+00',
     '10000-01-01 00:00:00', '01:00', '01:00+00', '1 month -1 day'),
    (7, '1969-12-31', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00',
     '1970-01-01 00:00:00', '12:00', '12:00-08', '-1 year 2 months -3 days 4 hours'),
    (8, '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00', '0044-03-15 12:00:00 BC',
     '06:00', '06:00+00', '100 hours'),
    (9, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Text and bytes -------------------------------------------------------------------------------
CREATE TABLE texts (
    id int PRIMARY KEY, a_text text, a_varchar varchar(20), a_char char(8), a_name name,
    a_citext citext, a_byte "char", a_mood mood, an_email email, a_bytea bytea,
    a_json json, a_jsonb jsonb, a_uuid uuid, some_bits bit(5), var_bits varbit
);
INSERT INTO texts VALUES
    (1, 'plain', 'plain', 'ab', 'a name', 'MiXeD', 'x', 'ok', 'a@b.c', '\x00ff10',
     '{"a": 1, "a": 2}', '{"b": [1, 2.50, null], "a": "\u00e9"}',
     '00112233-4455-6677-8899-aabbccddeeff', '10101', '1'),
    (2, '', '', '', '', '', '', 'sad', '@', '\x', '""', '{}',
     '00000000-0000-0000-0000-000000000000', '00000', ''),
    (3, E'line\nfeed\ttab\r\\back\\N "quote" ''single'', comma', 'ünïcödé', 'ünï',
     'ünï "name"', 'ÜNÏ', E'\\377', 'O''Brien "quoted", π', 'ü@ü', '\xdeadbeef', '[1e400, 0.1e-400]',
     '123456789012345678901234567890.123456789', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
     '11111', repeat('10', 500)::varbit),
    (4, '🦉 中文 ' || chr(1) || chr(127) || chr(1114111), '🦉', '🦉', '🦉', '🦉', '1', 'ok', 'x@🦉',
     decode(repeat('00', 5000), 'hex'), ' null ', 'null', NULL, NULL, NULL),
    (5, repeat('x', 1000000), repeat('y', 20), '12345678', repeat('z', 63), repeat('W', 5000),
     NULL, NULL, NULL, decode(repeat('ab', 300000), 'hex'), NULL, NULL, NULL, NULL, NULL),
    (6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (7, 'NULL', E'\\N', 'tr  ', ' pad', ' ', ' ', 'ok', ' @ ', '\x5c4e', '1', '1',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00001', '01');

-- Lists ----------------------------------------------------------------------------------------
CREATE TABLE lists (
    id int PRIMARY KEY, bools boolean[], ints int[], bigs int8[], floats float4[], doubles float8[],
    words text[], chars char(4)[], moods mood[], emails email[], blobs bytea[], ids uuid[],
    days date[], moments timestamp[], zoned timestamptz[], amounts numeric(10, 2)[],
    free_amounts numeric[], documents jsonb[], clocks time[], addresses inet[], spans int4range[],
    points point2[], places address[], maps hstore[], cashes money[], deep int[]
);
INSERT INTO lists (id) VALUES (0);
INSERT INTO lists VALUES
    (1, '{t,f,NULL}', '{1,NULL,-2147483648}', '{9223372036854775807}', '{NaN,-0,Infinity,1.5}',
     '{NaN,-0,-Infinity,5e-324}', '{"a",NULL,"NULL","","quote \" comma , brace }",π}',
     '{ab,NULL,abcd}', '{sad,NULL,"O''Brien \"quoted\", π"}', '{a@b,NULL}',
     ARRAY['\x00'::bytea, NULL, '\x'], '{00112233-4455-6677-8899-aabbccddeeff,NULL}',
     '{2024-02-29,NULL,infinity,4713-01-01 BC}', '{2024-02-29 12:00:00.000001,-infinity,NULL}',
     '{2024-02-29 12:00:00+02,infinity,NULL,294276-01-01 00:00:00+00}', '{1.10,NaN,NULL,-99999999.99}',
     '{1.10,NaN,NULL,1e50}', ARRAY['{"a": 1}'::jsonb, NULL, 'null'], '{12:00,24:00,NULL}',
     '{10.0.0.1/8,NULL,::1}', '{"[1,5)",empty,NULL}',
     ARRAY[ROW(1, 1.5)::point2, NULL, ROW(NULL, NULL)::point2],
     ARRAY[ROW('a "b"', 1, ROW(2, 'NaN')::point2, ARRAY['x', NULL])::address, NULL],
     ARRAY['a=>1,b=>NULL'::hstore, NULL, ''], ARRAY[1.25::money, NULL], '{1,2}'),
    (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
     '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (3, '{NULL}', '{NULL,NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
     '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
     '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{{1,2},{3,4}}'),
    (4, '[5:6]={t,f}', '[-3:-1]={1,2,3}', '{{1,2},{3,4}}', '{{1},{2}}', '{{{1}}}', '{{a,b},{c,NULL}}',
     '{{ab},{c}}', '{{ok}}', NULL, NULL, NULL, '{{infinity}}', '{{2024-01-01}}', NULL,
     '{{NaN,1}}', '{{NaN,1}}', NULL, '{{12:00}}', NULL, NULL, NULL, NULL, NULL, NULL,
     '{{{1}},{{2}}}'),
    (5, NULL, (SELECT array_agg(i) FROM generate_series(1, 100000) i), NULL, NULL, NULL,
     (SELECT array_agg(repeat('w', i % 50)) FROM generate_series(1, 20000) i), NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     '{7}');

-- Composites, ranges, maps ---------------------------------------------------------------------
CREATE TABLE composites (
    id int PRIMARY KEY, a_point point2, an_address address, a_schedule schedule,
    a_row numerics_sized, a_nested_price nested_price
);
INSERT INTO composites VALUES
    (1, ROW(1, 2.5), ROW('Main "st", (x)', 7, ROW(-1, '-0'), '{a,NULL,b}'), ROW('24:00', 'NaN'),
     ROW(1, 1.5, NULL, 1e100, 'NaN', 2), 123456789.125),
    (2, ROW(NULL, NULL), ROW(NULL, NULL, NULL, NULL), ROW(NULL, NULL),
     ROW(NULL, NULL, NULL, NULL, NULL, NULL), -0.001),
    (3, NULL, NULL, NULL, NULL, NULL),
    (4, ROW(NULL, 'NaN'), ROW('', 0, ROW(NULL, NULL), '{}'), ROW('00:00:00.5', 12345678.90),
     ROW(7, 0, 0, 0, 0, 0), 0),
    (5, ROW(0, 0), ROW('multi', 1, NULL, '{{a,b}}'), NULL, NULL, 1);

CREATE TABLE ranges (
    id int PRIMARY KEY, r_int4 int4range, r_int8 int8range, r_num numrange, r_ts tsrange,
    r_tstz tstzrange, r_date daterange, r_float float_range, m_int4 int4multirange
);
INSERT INTO ranges VALUES
    (1, '[1,5)', '(1,5]', '[1.10,2.2)', '[2024-01-01,2024-02-01 12:00)', '[2024-01-01 00:00+02,)',
     '[2024-01-01,2024-01-31]', '[0.5,1e10)', '{[1,2),[5,9)}'),
    (2, 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', '{}'),
    (3, '(,)', '(,5)', '[,NaN]', '(,infinity)', '(-infinity,)', '(,infinity]', '(,)', '{(,)}'),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE maps (id int PRIMARY KEY, tags hstore);
INSERT INTO maps VALUES
    (1, 'a=>1, b=>NULL, "quote \" =>"=>"comma, "'), (2, ''), (3, NULL), (4, '""=>""'), (5, 'π=>🦉');

-- What the server prints -----------------------------------------------------------------------
CREATE TABLE printed (
    id int PRIMARY KEY, an_inet inet, a_cidr cidr, a_mac macaddr, a_mac8 macaddr8, an_xml xml,
    a_vector tsvector, a_query tsquery, a_path ltree, an_lsn pg_lsn, a_snapshot txid_snapshot,
    a_json_path jsonpath, a_class regclass, a_type regtype, a_point point, a_box box,
    a_polygon polygon, a_circle circle, a_line line, a_segment lseg, a_tid tid
);
INSERT INTO printed VALUES
    (1, '10.1.2.3/8', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
     '<a b="c">text &amp; π</a>', 'a fat cat sat', 'fat & (rat | !cat)', 'Top.Science.Π_1', '16/B374D848',
     '10:20:10,14,15', '$.a[*] ? (@.b > 1)', 'edge.numbers', 'numeric', '(1.5,-0)', '((0,0),(1,1))',
     '((0,0),(1,1),(2,0))', '<(0,0),5>', '{1,2,3}', '[(0,0),(1,1)]', '(7,3)'),
    (2, '::1', '::/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '', '', '', '', '0/0',
     '1:1:', '$', 'pg_class', 'edge.mood', '(NaN,Infinity)', '((1,1),(0,0))', '((0,0))', '<(0,0),0>',
     '{0,1,0}', '[(0,0),(0,0)]', '(0,1)');
INSERT INTO printed (id) VALUES (3);

-- Names ----------------------------------------------------------------------------------------
CREATE SCHEMA "Odd ""schema"". π";
CREATE TABLE "Odd ""schema"". π"."Tab.le ""x"" ünï/ö" (
    "Id" int PRIMARY KEY, "id" int, "with.dot" text, "with ""quote""" text,
    "ünïcödé 🦉" text, "select" text, " leading and trailing " text, "new
line" text, "a/b\c%d" text, "ääääääääääääääääääääääääääääääx_" text
);
INSERT INTO "Odd ""schema"". π"."Tab.le ""x"" ünï/ö" VALUES
    (1, -1, 'dot', 'quote', 'owl', 'select', 'blank', 'line', 'slash', '63 bytes'),
    (2, -2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE "UPPER" ("ID" int, value text);
INSERT INTO "UPPER" VALUES (1, 'upper');
CREATE TABLE upper ("ID" int, value text);
INSERT INTO upper VALUES (2, 'lower');

-- Shapes ---------------------------------------------------------------------------------------
CREATE TABLE zero_rows (LIKE texts);
CREATE TABLE zero_columns ();
INSERT INTO zero_columns SELECT FROM generate_series(1, 3);
DO $$ BEGIN EXECUTE 'CREATE TABLE edge.thousand (' || (
    SELECT string_agg(format('c%s %s', i, (ARRAY['int', 'text', 'float8', 'numeric(10,2)', 'date'])[i % 5 + 1]), ', ')
    FROM generate_series(1, 1000) i) || ')'; END $$;
DO $$ BEGIN FOR r IN 1..20 LOOP EXECUTE 'INSERT INTO edge.thousand VALUES (' || (
    SELECT string_agg(CASE WHEN (i + r) % 7 = 0 THEN 'NULL' ELSE
        (ARRAY[(i * r)::text, quote_literal('t' || i * r), (i / 8.0 * r)::text, (i * r / 100.0)::text,
            quote_literal(date '2000-01-01' + i * r)])[i % 5 + 1] END, ', ')
    FROM generate_series(1, 1000) i) || ')'; END LOOP; END $$;
CREATE TABLE huge (id int PRIMARY KEY, big_text text, big_bytes bytea);
INSERT INTO huge VALUES (1, 'before', 'before'), (2, repeat('0123456789abcdef', 13107200), NULL),
    (3, NULL, decode(repeat('00', 20000000), 'hex')), (4, 'after', 'after');
-- More rows than one batch, with nulls in every rhythm.
CREATE TABLE many (id int PRIMARY KEY, third int, word text, amount numeric(12, 2), moment timestamptz, list int[]);
INSERT INTO many SELECT i, CASE WHEN i % 3 > 0 THEN i END, CASE WHEN i / 20000 % 2 = 0 THEN 'w' || i % 1000 END,
    i / 7.0, CASE WHEN i % 2 = 0 THEN timestamptz '2024-01-01 00:00+00' + i * interval '1 s' END,
    CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' WHEN 2 THEN ARRAY[i, NULL] ELSE ARRAY[i] END
    FROM generate_series(1, 100000) i;

-- Kinds of relation ----------------------------------------------------------------------------
CREATE VIEW a_view AS SELECT id, upper(a_text) AS shout, 1::numeric AS one FROM texts WHERE id < 5;
CREATE MATERIALIZED VIEW a_matview AS SELECT id, a_float8 FROM numbers;
CREATE UNLOGGED TABLE an_unlogged (id int, note text);
INSERT INTO an_unlogged VALUES (1, 'fast'), (2, NULL);

CREATE TABLE parted (id int, day date NOT NULL, kind text) PARTITION BY RANGE (day);
CREATE TABLE parted_2023 PARTITION OF parted FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE parted_2024 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
    PARTITION BY LIST (kind);
CREATE TABLE parted_2024_a PARTITION OF parted_2024 FOR VALUES IN ('a');
-- The columns of this partition lie in another order.
CREATE TABLE parted_2024_rest (kind text, gone int, id int, day date NOT NULL);
ALTER TABLE parted_2024_rest DROP COLUMN gone;
ALTER TABLE parted_2024 ATTACH PARTITION parted_2024_rest DEFAULT;
CREATE TABLE parted_default PARTITION OF parted DEFAULT;
CREATE TABLE parted_empty PARTITION OF parted FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
INSERT INTO parted SELECT i, date '2022-06-01' + i * 3, (ARRAY['a', 'b', NULL])[i % 3 + 1]
    FROM generate_series(1, 1000) i;
CREATE TABLE parted_without (id int, day date) PARTITION BY RANGE (day);

CREATE TABLE parent (id int, name text);
CREATE TABLE child (extra text) INHERITS (parent);
INSERT INTO parent VALUES (1, 'parent'), (2, NULL);
INSERT INTO child VALUES (3, 'child', 'extra');

CREATE TABLE derived (
    id int GENERATED ALWAYS AS IDENTITY, base int, doubled int GENERATED ALWAYS AS (base * 2) STORED,
    serial_number serial, big_serial_number bigserial
);
INSERT INTO derived (base) VALUES (1), (NULL), (1000000);

CREATE TABLE dropped (a int, b text, c int, d text DEFAULT 'late');
INSERT INTO dropped VALUES (1, 'b', 3, 'd'), (NULL, NULL, NULL, NULL);
ALTER TABLE dropped DROP COLUMN b, ADD COLUMN e int DEFAULT 42;
INSERT INTO dropped VALUES (2, 4, 'x', 5);
ALTER TABLE dropped DROP COLUMN a;

CREATE TABLE secured (id int, owner text);
INSERT INTO secured VALUES (1, 'edge_reader'), (2, 'somebody'), (3, 'edge_reader');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON secured FOR SELECT USING (owner = 'edge_reader');

CREATE TABLE commented (id int NOT NULL, note text);
COMMENT ON TABLE commented IS 'A table''s comment';
COMMENT ON COLUMN commented.note IS 'A column''s comment, with "quotes" and π';
INSERT INTO commented VALUES (1, 'x');

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE a_foreign (line text) SERVER files
    OPTIONS (program 'printf "one\ntwo\n"', format 'text');
ANALYZE;
