import JSON
import Streams
import Testing

/// The shapes of a stream's state.
@Suite struct AirbytePositionTests {
    private func json(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8))
    }

    /// The position of a state, which has to write what was read.
    private func position(_ text: String) throws -> AirbytePosition {
        let json = try json(text)
        let position = AirbytePosition(json)
        #expect(position.json == json)
        return position
    }

    @Test func `simple shapes are told by their members`() throws {
        let expected: [(String, AirbytePosition)] = [
            (
                #"{"updated_at":"2024-01-01"}"#,
                .cursor(path: ["updated_at"], value: .string("2024-01-01"))
            ),
            (
                #"{"id":9007199254740993}"#,
                .cursor(path: ["id"], value: .integer(9_007_199_254_740_993))
            ),
            (#"{"at":1.50}"#, .cursor(path: ["at"], value: .number("1.50"))),
            (#"{"a":{"b":""}}"#, .cursor(path: ["a", "b"], value: .string(""))),
            (#"{"page":0}"#, .page(key: "page", number: 0)),
            (#"{"page_number":12}"#, .page(key: "page_number", number: 12)),
            (#"{"page":"x"}"#, .cursor(path: ["page"], value: .string("x"))),
            (#"{"next_page_token":"abc"}"#, .nextPageToken(.string("abc"))),
            (#"{"next_page_token":0}"#, .nextPageToken(.integer(0))),
            (
                #"{"next_page_token":{"p":[1]}}"#,
                .nextPageToken(.object(["p": .array([.integer(1)])]))
            ),
            (#"{"__ab_full_refresh_sync_complete":true}"#, .fullRefreshComplete),
            (#"{"__ab_no_cursor_state_message":true}"#, .noCursor),
            ("{}", .noPosition(.object([:]))), ("null", .noPosition(.null)),
        ]
        for (text, shape) in expected { #expect(try position(text) == shape, "\(text)") }
        #expect(AirbytePosition(nil) == .noPosition(nil))
        #expect(AirbytePosition(nil).json == nil)
    }

    @Test(arguments: [
        "[]", "7", "true", #""x""#, #"{"a":null}"#, #"{"a":true}"#, #"{"a":[]}"#, #"{"a":{}}"#,
        #"{"a":1,"b":2}"#, #"{"__ab_full_refresh_sync_complete":false}"#,
        #"{"__ab_full_refresh_sync_complete":true,"page":2}"#, #"{"__ab_other":"x"}"#,
        #"{"state_type":"cdc"}"#, #"{"state_type":7}"#, #"{"state_type":"date-range"}"#,
        #"{"state_type":"date-range","slices":[{"start":1}]}"#,
        #"{"state_type":"cursor_based","cursor_field":"id","cursor":"1"}"#,
        #"{"state_type":"cursor_based","cursor_field":["id"],"cursor_record_count":"2"}"#,
        #"{"state_type":"ctid","ctid":7}"#, #"{"state_type":"xmin","xmin_xid_value":"7"}"#,
        #"{"states":["CA","NY"]}"#, #"{"states":[{"cursor":{}}]}"#, #"{"states":7,"a":1}"#,
        #"{"states":[],"lookback_window":1,"use_global_cursor":"yes"}"#,
        #"{"states":[],"parent_state":7}"#,
        #"{"history":{"f.csv":"2024"},"_ab_source_file_last_modified":"2024_f.csv"}"#,
    ])
    func `anything else is kept as it is`(text: String) throws {
        #expect(try position(text) == .opaque(try json(text)))
    }

    @Test func `only the connector's own word says that nothing is left`() throws {
        #expect(AirbytePosition.fullRefreshComplete.isComplete)
        let others = [
            "{}", "null", #"{"__ab_no_cursor_state_message":true}"#, #"{"next_page_token":null}"#,
            #"{"state_type":"ctid","ctid":null}"#, #"{"state_type":"primary_key","pk_val":null}"#,
            #"{"states":[{"partition":{"a":1},"cursor":{"__ab_full_refresh_sync_complete":true}}]}"#,
        ]
        for text in others { #expect(try !position(text).isComplete, "\(text)") }
    }

    @Test func `positions by partition have a cursor each`() throws {
        let text = #"""
            {"use_global_cursor":false,"states":[
            {"partition":{"id":1,"parent_slice":{}},"cursor":{"at":"2024"},"x":1},
            {"partition":{"id":2},"cursor":{"__ab_full_refresh_sync_complete":true}},
            {"partition":{},"cursor":{}},{"partition":{"id":3}}],
            "state":{"at":"2023"},"lookback_window":10,"parent_state":{"p":{"at":"2022"}},"y":2}
            """#
        guard case .perPartition(let state) = try position(text) else {
            Issue.record("another shape")
            return
        }
        let partitions = try #require(state.partitions)
        #expect(partitions.map(\.partition["id"]) == [.integer(1), .integer(2), nil, .integer(3)])
        #expect(
            partitions.map(\.cursor) == [
                .cursor(path: ["at"], value: .string("2024")), .fullRefreshComplete,
                .noPosition(.object([:])), .noPosition(nil),
            ]
        )
        #expect(state.globalCursor == .cursor(path: ["at"], value: .string("2023")))
        #expect(state.usesGlobalCursor == false)
        #expect(state.lookbackWindow == .seconds(10))
        #expect(state.parentState?.names.sorted() == ["p"])
        #expect(state.others == ["y": .integer(2)])
    }

    @Test(arguments: [
        #"{"state":{"at":"2023"},"use_global_cursor":true,"lookback_window":1}"#,
        #"{"state":{},"lookback_window":"1"}"#, #"{"states":[]}"#,
    ])
    func `positions by partition need no list or no cursor`(text: String) throws {
        guard case .perPartition(let state) = try position(text) else {
            Issue.record("another shape")
            return
        }
        #expect((state.partitions == nil) == (state.globalCursor != nil))
        let lookback =
            state.lookbackWindow?.components.seconds ?? state.others["lookback_window"]?.integer
        #expect(lookback == (text.contains(":1}") ? 1 : nil))
    }

    @Test func `ranges are read with their highest values`() throws {
        let text = #"""
            {"slices":[{"start":"2024-01-01","end":"2024-02-01","most_recent_cursor_value":
            "2024-01-30"},{"start":5,"end":6,"more":null}],"state_type":"date-range",
            "legacy":{"at":"2024"}}
            """#
        guard case .slices(let state) = try position(text) else {
            Issue.record("another shape")
            return
        }
        #expect(state.kind == .dateRange)
        #expect(state.slices.map(\.start) == [.string("2024-01-01"), .integer(5)])
        #expect(state.slices.map(\.end) == [.string("2024-02-01"), .integer(6)])
        #expect(state.slices.map(\.mostRecentCursorValue) == [.string("2024-01-30"), nil])
        #expect(state.slices[1].others == ["more": .null])
        #expect(state.legacy == .object(["at": .string("2024")]))
        guard case .slices(let integers) = try position(#"{"slices":[],"state_type":"integer"}"#)
        else {
            Issue.record("another shape")
            return
        }
        #expect(integers == AirbyteSlices(kind: .integer, slices: []))
    }

    @Test func `a table by a cursor column is read in both spellings`() throws {
        let listed = try position(
            #"""
            {"state_type":"cursor_based","version":2,"stream_name":"t","stream_namespace":"p",
            "cursor_field":["id"],"cursor":"7","cursor_record_count":2}
            """#
        )
        guard case .cursorBased(let state) = listed else {
            Issue.record("another shape")
            return
        }
        #expect(
            state
                == AirbyteCursorBased(
                    field: "id",
                    cursor: .string("7"),
                    recordCount: 2,
                    stream: StreamName(namespace: "p", name: "t")
                )
        )
        #expect(state.cursorFields == ["id"])
        #expect(state.cursor == .string("7"))
        #expect(state.version == 2)
        let mapped = try position(#"{"state_type":"cursor_based","cursors":{"id":7}}"#)
        guard case .cursorBased(let state) = mapped else {
            Issue.record("another shape")
            return
        }
        #expect(state.cursorFields == ["id"])
        #expect(state.cursor == .integer(7))
    }

    @Test func `a first load in the order of a column goes on by its cursor`() throws {
        let incremental = #"{"state_type":"cursor_based","cursor_field":["at"],"cursor":null}"#
        let spellings = [
            #"{"state_type":"primary_key","pk_name":"id","pk_val":"9","version":2,"#,
            #"{"state_type":"ordered_column","ordered_col":"id","ordered_col_val":"9","version":2,"#,
        ]
        for text in spellings {
            guard
                case .orderedColumn(let state) = try position(
                    text + #""incremental_state":"# + incremental + "}"
                )
            else {
                Issue.record("another shape")
                return
            }
            #expect(state.column == "id")
            #expect(state.value == .string("9"))
            #expect(state.version == 2)
            #expect(state.incrementalState == AirbytePosition(try json(incremental)))
        }
    }

    @Test func `Postgres's own positions are read`() throws {
        guard
            case .ctid(let ctid) = try position(
                #"""
                {"state_type":"ctid","version":2,"ctid":"(12,3)","relation_filenode":16385,
                "incremental_state":{"state_type":"xmin","xmin_xid_value":3}}
                """#
            ),
            case .xmin(let xmin) = try position(
                #"""
                {"state_type":"xmin","version":2,"num_wraparound":1,"xmin_xid_value":740,
                "xmin_raw_value":4294968036}
                """#
            )
        else {
            Issue.record("another shape")
            return
        }
        #expect(ctid.ctid == "(12,3)")
        #expect(ctid.relationFilenode == 16385)
        guard case .xmin(let next) = ctid.incrementalState else {
            Issue.record("another shape")
            return
        }
        #expect(next.transactionID == 3)
        #expect(xmin.wraparoundCount == 1)
        #expect(xmin.transactionID == 740)
        #expect(xmin.rawValue == 4_294_968_036)
        #expect(xmin.version == 2)
    }
}
