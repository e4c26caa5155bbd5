import Databases
import Testing

/// What a condition or a view asks for besides the row at hand.
@Suite struct SQLTextTests {
    @Test(
        arguments: [
            "v > 3 AND (status = 'open' OR lower(name) LIKE 'a%')",
            "coalesce(v, 0) BETWEEN 1 AND 2 AND id IN (1, 2) AND NOT (x IS NULL)",
            "price::numeric(10,2) > 1 AND CAST(x AS varchar(3)) = 'now or never'",
            "\"now()\" = 1 AND x = 'SELECT' -- now()\n AND y = 2 /* now() */",
            "at < timestamp with time zone '2024-01-01' AND CASE WHEN (v) THEN (1) ELSE 2 END = 1",
            "x = $tag$ by now() $tag$ AND \"select\" = 2",
        ]
    )
    func `a condition on the row asks for nothing else`(text: String) {
        #expect(SQLText(text, .postgres).outsideRow.isEmpty)
    }

    @Test(
        arguments: [
            ("id IN (SELECT id FROM a)", "other rows"), ("due < now()", "time"),
            ("due < CURRENT_DATE", "time"), ("d = 'today'", "time"), ("d = ' NOW '", "time"),
            ("owner = current_user", "session"), ("f(v) > 1", "f()"),
            ("\"My\".\"Fn\"(v)", "Fn()"), ("random() < 0.5", "random()"),
            ("d <@ '[2020-01-01,now]'::tstzrange", "time"), ("d = E'\\x6eow\\n'", "time"),
            ("d = U&'\\006eow'", "time"), ("d = $a$now$a$::date", "time"),
            ("d = 'no'\n'w'", "time"),
            ("d > 'today 12:00'", "time"),
            ("x = 'it''s' AND now() > y", "time"), ("x = E'\\\\' AND now() > y", "time"),
        ]
    )
    func `everything else is named`(text: String, word: String) {
        let found = SQLText(text, .postgres).outsideRow
        #expect(found.count == 1 && found[0].contains(word), "\(found)")
    }

    @Test func `texts and names are quoted as each dialect has it`() {
        #expect(SQLText("x = \"now()\" AND y = 'a\\'now()' # now()", .mysql).outsideRow.isEmpty)
        #expect(SQLText("`now` = 1 AND [select] = 2", .sqlite).outsideRow.isEmpty)
        #expect(!SQLText("x = \"a\" AND now() > 1", .mysql).outsideRow.isEmpty)
        // MySQL runs such comments, and takes two hyphens for a comment before a blank only.
        for text in [
            "x > 1 /*! AND y < now() */", "x > 1 /*M!100000 AND y < now() */", "x > 1--now()",
        ] {
            #expect(!SQLText(text, .mysql).outsideRow.isEmpty, "\(text)")
        }
        // SQLite takes a table's name behind IN.
        for text in ["k in d", "k not in \"d\"", "k IN main.d"] {
            #expect(!SQLText(text, .sqlite).outsideRow.isEmpty, "\(text)")
        }
        #expect(SQLText("k in (1, 2)", .sqlite).outsideRow.isEmpty)
        #expect(SQLText("x = @y", .mysql).outsideRow == ["it asks for a variable (@)"])
    }

    @Test(
        arguments: [
            ("SELECT id, lower(v) AS v FROM t WHERE v > 0", true),
            ("SELECT a.id FROM a JOIN b ON a.id = b.id", false),
            ("SELECT a.id FROM a, b", false), ("SELECT id, count(*) FROM t GROUP BY id", false),
            ("SELECT DISTINCT id FROM t", false), ("SELECT id FROM t LIMIT 5", false),
            ("SELECT id FROM t UNION ALL SELECT id FROM s", false),
            ("SELECT id, (SELECT 1) FROM t", false),
            ("SELECT extract(year FROM d), e FROM t", true),
            ("SELECT id FROM t WHERE d < now()", false),
        ]
    )
    func `a view of one table's rows is told from others`(text: String, isPlain: Bool) {
        #expect(SQLText(text, .postgres).outsideRowOfView.isEmpty == isPlain)
    }

    @Test func `the head of a view is no part of its query`() {
        var text = SQLText("CREATE VIEW \"v\"(a, b) AS SELECT x, y FROM t", .sqlite)
        #expect(!text.outsideRow.isEmpty)
        text.dropViewHead()
        #expect(text.outsideRowOfView.isEmpty)
    }
}
