-- Every type and edge case of a MariaDB source. Run into a database of its own.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
-- What a server holds, its present mode may refuse.
SET sql_mode = 'ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION';

CREATE TABLE numbers (
    id int PRIMARY KEY, t tinyint, tu tinyint unsigned, t1 tinyint(1), b bool, s smallint,
    su smallint unsigned, m mediumint, mu mediumint unsigned, i int, iu int unsigned,
    iz int(8) unsigned zerofill, l bigint, lu bigint unsigned, f float, fm float(7, 3), d double,
    dm double(20, 5), y year, bit1 bit(1), bit7 bit(7), bit63 bit(63), bit64 bit(64)
);
INSERT INTO numbers VALUES
    (1, -128, 0, 0, false, -32768, 0, -8388608, 0, -2147483648, 0, 0, -9223372036854775808, 0,
        -3.4028235e38, -9999.999, -1.7976931348623157e308, -1.5, 1901, b'0', b'0', 0, 0),
    (2, 127, 255, 2, true, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 4294967295,
        9223372036854775807, 18446744073709551615, 3.4028235e38, 9999.999,
        1.7976931348623157e308, 123456789012345.12345, 2155, b'1', b'1111111',
        9223372036854775807, 18446744073709551615),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, -1, 1, -7, true, -1, 1, -1, 1, -1, 1, 42, -1, 1, 16777217, 0.001, 0.1, 0.1, 0, b'1',
        b'1000001', 1, 9223372036854775808),
    (5, 0, 128, 127, false, 0, 32768, 0, 8388608, 0, 2147483648, 7, 0, 9223372036854775808, 1e-45,
        0, 5e-324, 0, 1970, b'0', b'10', 256, 256);

CREATE TABLE decimals (
    id int PRIMARY KEY, d90 decimal(9, 0), d92 decimal(9, 2), d186 decimal(18, 6),
    d1818 decimal(18, 18), d3810 decimal(38, 10), d3838 decimal(38, 38), d650 decimal(65, 0),
    d6530 decimal(65, 30), du decimal(10, 2) unsigned
);
INSERT INTO decimals VALUES
    (1, 999999999, 9999999.99, 999999999999.999999, 0.999999999999999999,
        9999999999999999999999999999.9999999999, 0.99999999999999999999999999999999999999,
        REPEAT('9', 65), CONCAT(REPEAT('9', 35), '.', REPEAT('9', 30)), 99999999.99),
    (2, -999999999, -9999999.99, -999999999999.999999, -0.999999999999999999,
        -9999999999999999999999999999.9999999999, -0.99999999999999999999999999999999999999,
        CONCAT('-', REPEAT('9', 65)), -0.000000000000000000000000000001, 0),
    (3, 0, 0, 0, 0, 0, 0, 0, 0, 0.01),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (5, 1, 0.01, -0.000001, 0.000000000000000001, -0.0000000001, 1e-38, 1, 1, 10),
    (6, -1, -0.01, 123456.789, -0.5, 12345678901234567890.5, -1e-38, -12345678901234567890, -1.5, 5);

CREATE TABLE times (
    id int PRIMARY KEY, d date NOT NULL, dn date, dt0 datetime, dt6 datetime(6) NOT NULL,
    ts0 timestamp NULL, ts6 timestamp(6) NOT NULL DEFAULT '2000-01-01', t time, t6 time(6)
);
INSERT INTO times VALUES
    (1, '1000-01-01', '9999-12-31', '1000-01-01 00:00:00', '9999-12-31 23:59:59.999999',
        '1970-01-01 00:00:01', '2038-01-19 03:14:07.999999', '-838:59:59', '838:59:59'),
    (2, '0000-00-00', '2024-00-00', '0000-00-00 00:00:00', '2024-02-31 12:00:00.5',
        '0000-00-00 00:00:00', '0000-00-00 00:00:00', '00:00:00', '-00:00:00.000001'),
    (3, '2024-02-30', '2023-02-29', '2024-13-01', '2024-02-29 00:00:00', NULL,
        '2024-07-01 00:00:00.1', NULL, NULL),
    (4, '1969-12-31', '1970-01-01', '1969-12-31 23:59:59', '1969-12-31 23:59:59.999999',
        '2024-03-31 01:30:00', '2024-10-27 00:30:00', '23:59:59', '12:34:56.789'),
    (5, '0001-01-01', NULL, NULL, '2024-01-01 00:00:01', '2024-01-01', '2024-01-01 12:34:56.000001',
        '24:00:00', '24:00:00.5');

CREATE TABLE texts (
    id int PRIMARY KEY, c char(10), v varchar(200), l1 varchar(50) CHARACTER SET latin1,
    cp varchar(50) CHARACTER SET cp1251, sj varchar(50) CHARACTER SET sjis,
    u2 varchar(50) CHARACTER SET ucs2, u16 varchar(50) CHARACTER SET utf16,
    u3 varchar(50) CHARACTER SET utf8mb3, bin varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    tt tinytext, mt mediumtext, lt longtext, e enum('', 'a', 'ü', 'with, comma'),
    st set('x', 'y', 'ü'), j json
);
INSERT INTO texts VALUES
    (1, 'abc  ', 'déjà vu 😀', 'äöü€', 'привет', '日本', 'ΩΩ', '𝄞 clef', 'ß', 'MiXed', 'tiny',
        REPEAT('m', 70000), REPEAT('ñ', 300000), 'ü', 'x,ü', '{"a": 12345678901234567890, "b": [1.10]}'),
    (2, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '{}'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 'a b', 'tab\tnewline\nnul\0end', 'ÿ', 'Ё', 'ｶﾅ', 'x', 'x', '中', 'x ', ' ', 'x', 'x',
        'with, comma', 'y', '"text"');
INSERT IGNORE INTO texts (id, e) VALUES (5, 'none of them');

CREATE TABLE bytes (
    id int PRIMARY KEY, b binary(8), b16 binary(16), vb varbinary(100), tb tinyblob, bl blob,
    lb longblob, g geometry, p point, i4 inet4, i6 inet6, u uuid, co varchar(300) COMPRESSED
);
INSERT INTO bytes VALUES
    (1, 'abc', UNHEX('00112233445566778899AABBCCDDEEFF'), '', '', UNHEX('00FF'),
        REPEAT(UNHEX('DEADBEEF'), 100000), ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4326),
        POINT(1.5, -2.25), '192.168.0.1', '::ffff:192.0.2.128',
        '123e4567-e89b-12d3-a456-426655440000', REPEAT('compressed ', 20)),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, '', UNHEX('00'), UNHEX('80C0FF'), UNHEX('00'), '', '', ST_GeomFromText('POINT EMPTY'),
        POINT(0, 0), '0.0.0.0', '::', '00000000-0000-0000-0000-000000000000', '');

CREATE TABLE derived (
    id int PRIMARY KEY, a int, v int AS (a + 1) VIRTUAL, s varchar(20) AS (CONCAT('s', a)) STORED,
    hidden int INVISIBLE DEFAULT 7
);
INSERT INTO derived (id, a) VALUES (1, 10), (2, NULL);

CREATE TABLE versioned (id int PRIMARY KEY, v int) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1, 1), (2, 2);
UPDATE versioned SET v = 3 WHERE id = 1;
DELETE FROM versioned WHERE id = 2;

CREATE TABLE parted (id int, at date, note varchar(20), PRIMARY KEY (id, at))
    PARTITION BY RANGE (YEAR(at)) (
        PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN (2024),
        PARTITION p2 VALUES LESS THAN MAXVALUE);
INSERT INTO parted SELECT seq, '2018-01-01' + INTERVAL seq DAY, CONCAT('n', seq)
    FROM seq_1_to_3000;

CREATE VIEW a_view AS SELECT id, UPPER(note) AS note FROM parted WHERE id < 100;
CREATE TABLE keyless (a int, b varchar(20));
INSERT INTO keyless SELECT seq % 10, CONCAT('row ', seq) FROM seq_1_to_500;
CREATE TABLE zero_rows (id int PRIMARY KEY, v varchar(10));
CREATE TABLE `odd ``name`` ünï.x` (`id ``1``` int PRIMARY KEY, `sélect` varchar(10), `a.b` int);
INSERT INTO `odd ``name`` ünï.x` VALUES (1, 'x', 2), (2, NULL, NULL);
CREATE TABLE plain_myisam (id int PRIMARY KEY, v varchar(10)) ENGINE = MyISAM;
INSERT INTO plain_myisam VALUES (1, 'x'), (2, 'y');

-- Large enough for several connections, with gaps, negative keys and the ends of the range.
CREATE TABLE signed_keys (id bigint PRIMARY KEY, note varchar(300));
INSERT INTO signed_keys SELECT (CAST(seq AS SIGNED) - 20000) * 1000003, REPEAT(MD5(seq), 9) FROM seq_1_to_40000;
INSERT INTO signed_keys VALUES (-9223372036854775808, 'first'), (9223372036854775807, 'last');
CREATE TABLE unsigned_keys (k bigint unsigned, part int, note varchar(300), PRIMARY KEY (k, part));
INSERT INTO unsigned_keys SELECT seq * 461168601842738, seq % 3, REPEAT(MD5(seq), 9) FROM seq_1_to_40000;
INSERT INTO unsigned_keys VALUES (18446744073709551615, 1, 'last'), (0, 0, 'first');
ANALYZE TABLE signed_keys, unsigned_keys;
-- Keys that are compared in a collation: without regard to case, accents or blanks behind them.
CREATE TABLE text_keys (k varchar(60) COLLATE utf8mb4_general_ci PRIMARY KEY, note varchar(300));
INSERT INTO text_keys SELECT CONCAT(ELT(1 + seq % 7, 'a', 'B', 'ä', 'Z', '_', '9', '中'), MD5(seq)), REPEAT(MD5(seq), 9)
    FROM seq_1_to_40000;
INSERT INTO text_keys VALUES ('', 'nothing'), ('zzzzzzz', 'last'), ('common prefix 1', 'x'), ('common prefix 2', 'y');
CREATE TABLE latin_keys (k char(40) CHARACTER SET latin1 COLLATE latin1_german1_ci, n int, note varchar(300),
    PRIMARY KEY (k, n));
INSERT INTO latin_keys SELECT CONCAT('same long prefix ', ELT(1 + seq % 3, 'ä', 'b', 'ß'), seq % 900), seq, REPEAT(MD5(seq), 9)
    FROM seq_1_to_40000;
CREATE TABLE byte_keys (k varbinary(40) PRIMARY KEY, note varchar(300));
INSERT INTO byte_keys SELECT UNHEX(CONCAT(LPAD(HEX(seq % 256), 2, '0'), MD5(seq))), REPEAT(MD5(seq), 9) FROM seq_1_to_40000;
INSERT INTO byte_keys VALUES ('', 'nothing'), (UNHEX('FFFFFFFFFF'), 'last');
ANALYZE TABLE text_keys, latin_keys, byte_keys;
