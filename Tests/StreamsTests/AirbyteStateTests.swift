import JSON
import Streams
import Testing

/// State messages of every form, read and written.
@Suite struct AirbyteStateTests {
    private func state(_ text: String) throws -> AirbyteState {
        try AirbyteState(parsing: Array(text.utf8))
    }

    private func json(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8))
    }

    private static let users = StreamName(namespace: "public", name: "users")

    @Test(arguments: [
        // In the protocol's envelope, with statistics and members nobody knows.
        #"""
        {"type":"STATE","emitted":1.0,"state":{"type":"STREAM","stream":{"stream_descriptor":
        {"name":"users","namespace":"public","x":null},"stream_state":{"id":7},"more":[1]},
        "sourceStats":{"recordCount":12.0},"destinationStats":{"recordCount":11}}}
        """#,
        // By itself.
        #"""
        {"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":"public"},
        "stream_state":{"id":7}},"sourceStats":{"recordCount":12},
        "destinationStats":{"recordCount":11}}
        """#,
    ])
    func `a message of one stream is read and written as it is`(text: String) throws {
        let state = try state(text)
        let stream = try #require(state[Self.users])
        #expect(state.streams == [stream])
        #expect(stream.position == .cursor(path: ["id"], value: .integer(7)))
        #expect(stream.sourceRecordCount == 12)
        #expect(stream.destinationRecordCount == 11)
        #expect(state.messages() == [try json(text)])
        #expect(try state.messages(as: .stream) == [try json(text)])
    }

    @Test func `a message of all streams is read and written as it is`() throws {
        let text = #"""
            {"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{"lsn":9},"z":true,
            "stream_states":[
            {"stream_descriptor":{"name":"b","namespace":null},"stream_state":{"at":"2024"}},
            {"stream_descriptor":{"name":"a"},"stream_state":null},
            {"stream_descriptor":{"name":"c"}}]},"sourceStats":{"recordCount":3}}}
            """#
        let state = try state(text)
        #expect(state.sharedState == .object(["lsn": .integer(9)]))
        #expect(state.streams.map(\.stream.name) == ["b", "a", "c"])
        #expect(
            state.streams.map(\.position) == [
                .cursor(path: ["at"], value: .string("2024")), .noPosition(.null),
                .noPosition(nil),
            ]
        )
        #expect(state.messages() == [try json(text)])
        #expect(try state.messages(as: .global) == [try json(text)])
        let error = try #require(throws: AirbyteStateError.self) {
            try state.messages(as: .stream)
        }
        #expect(error.code == .form)
    }

    @Test(arguments: [
        #"{"type":"STATE","state":{"data":{"users":{"at":"2024"},"orders":{},"v":1}}}"#,
        #"{"type":"STATE","state":{"type":"LEGACY","data":{"users":{"at":"2024"},"orders":{}}}}"#,
        #"{"type":"LEGACY","data":{"users":{"at":"2024"},"orders":{}},"x":1}"#,
        #"{"data":{"users":{"at":"2024"},"orders":{}}}"#,
        #"{"users":{"at":"2024"},"orders":{},"version":"2"}"#,
    ])
    func `a map of streams is read, and written as messages`(text: String) throws {
        let state = try state(text)
        let users = StreamName(namespace: nil, name: "users")
        #expect(state.streams.map(\.stream.name) == ["orders", "users"])
        #expect(state[users]?.position == .cursor(path: ["at"], value: .string("2024")))
        #expect(state.messages() == [try json(text)])
        let messages = try state.messages(as: .stream)
        #expect(messages.count == 2)
        let again = try AirbyteState(parsing: AirbyteState.lines(messages))
        #expect(again.streams.map(\.position) == state.streams.map(\.position))
        #expect(again.streams.map(\.stream) == state.streams.map(\.stream))
        #expect(throws: AirbyteStateError.self) { try state.messages(as: .legacy) }
    }

    @Test func `a database's list of streams is read and written as it is`() throws {
        let text = #"""
            {"cdc":false,"streams":[{"stream_name":"users","stream_namespace":"public",
            "cursor_field":["id"],"cursor":"7","cursor_record_count":2}]}
            """#
        let state = try state(text)
        guard case .cursorBased(let position) = state[Self.users]?.position else {
            Issue.record("another shape: \(state.streams)")
            return
        }
        #expect(position.cursorFields == ["id"])
        #expect(position.cursor == .string("7"))
        #expect(position.cursorRecordCount == 2)
        #expect(state.messages() == [try json(text)])
    }

    @Test func `a connector's output is read for its last states`() throws {
        func line(_ name: String, _ page: Int) -> String {
            #"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"#
                + #""\#(name)"},"stream_state":{"page":\#(page)}}}}"#
        }
        let text = [
            #"{"type":"LOG","log":{"level":"INFO","message":"hello"}}"#, line("a", 1),
            #"{"type":"RECORD","record":{"stream":"a","data":{}}}"#, line("b", 1), "",
            line("a", 2), #"{"type":"TRACE","trace":{}}"#,
        ].joined(separator: "\n")
        let state = try state(text)
        #expect(state.streams.map(\.stream.name) == ["a", "b"])
        #expect(
            state.streams.map(\.position) == [
                .page(key: "page", number: 2), .page(key: "page", number: 1),
            ]
        )
        #expect(state.messages() == [try json(line("a", 2)), try json(line("b", 1))])
        // An array of the same says the same.
        let array = "[" + [line("a", 1), line("b", 1), line("a", 2)].joined(separator: ",") + "]"
        #expect(try self.state(array) == state)
    }

    @Test func `a later message of all streams forgets those it does not name`() throws {
        func global(_ names: [String]) -> String {
            let states = names.map { #"{"stream_descriptor":{"name":"\#($0)"}}"# }
            return #"{"type":"GLOBAL","global":{"stream_states":["#
                + states.joined(separator: ",") + "]}}"
        }
        let single = #"{"type":"STREAM","stream":{"stream_descriptor":{"name":"s"}}}"#
        let state = try state([global(["a", "b"]), single, global(["b", "c"])].joined())
        #expect(state.streams.map(\.stream.name) == ["b", "s", "c"])
        #expect(state.messages() == [try json(global(["b", "c"])), try json(single)])
        // A stream that has a message of its own since then is not forgotten.
        let own = try self.state([global(["s", "a"]), single, global(["b"])].joined())
        #expect(own.streams.map(\.stream.name) == ["s", "b"])
        #expect(own.messages() == [try json(global(["b"])), try json(single)])
    }

    @Test func `a namespace tells streams apart, and an empty one is none`() throws {
        let text = #"""
            [{"type":"STREAM","stream":{"stream_descriptor":{"name":"t","namespace":"a"}}},
            {"type":"STREAM","stream":{"stream_descriptor":{"name":"t","namespace":""}}},
            {"type":"STREAM","stream":{"stream_descriptor":{"name":"t"}}}]
            """#
        let state = try state(text)
        #expect(state.streams.map(\.stream.namespace) == ["a", nil])
    }

    @Test func `a state that is made is written in either form and read again`() throws {
        let streams = [
            AirbyteStreamState(stream: Self.users, position: .fullRefreshComplete),
            AirbyteStreamState(
                stream: StreamName(namespace: nil, name: "t"),
                position: .page(key: "page", number: 3)
            ),
        ]
        let state = AirbyteState(streams)
        for form in [AirbyteStateForm.stream, .global] {
            let messages = try state.messages(as: form)
            #expect(messages.count == (form == .stream ? 2 : 1))
            let again = try AirbyteState(parsing: AirbyteState.lines(messages))
            #expect(again.streams.map(\.stream) == streams.map(\.stream))
            #expect(again.streams.map(\.position) == streams.map(\.position))
            #expect(again.streams.allSatisfy { $0.form == form })
        }
    }

    @Test func `a state read from another form is written as messages of streams`() throws {
        let state = try state(
            #"{"type":"GLOBAL","global":{"stream_states":[{"stream_descriptor":{"name":"a"}}]}}"#
        )
        let messages = try state.messages(as: .stream)
        #expect(
            messages == [
                try json(
                    #"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":"#
                        + #"{"name":"a"}}}}"#
                )
            ]
        )
    }

    // MARK: What is no state

    @Test(arguments: [
        ("", "empty"), ("  \n", "empty"), ("7", "is a number, not an object"),
        ("[null]", "[0]: is null"), (#"{"type":"FOO"}"#, "`FOO` is no type"),
        (#"{"type":"STATE"}"#, ".state: is missing"),
        (#"{"type":"STATE","state":[]}"#, ".state: is an array"),
        (#"{"type":"STATE","state":{"type":7}}"#, ".state.type: is a number"),
        (#"{"type":"STATE","state":{"type":"STREAM"}}"#, ".state.stream: is missing"),
        (#"{"type":"STATE","state":{}}"#, ".state.data: is missing"),
        (#"{"type":"STREAM","stream":{}}"#, ".stream.stream_descriptor: is missing"),
        (#"{"type":"STREAM","stream":{"stream_descriptor":{}}}"#, "name: is no name"),
        (
            #"[{"type":"STREAM","stream":{"stream_descriptor":{"name":"a","namespace":1}}}]"#,
            "[0].stream.stream_descriptor.namespace: is a number"
        ),
        (#"{"type":"GLOBAL","global":{}}"#, ".global.stream_states: is no list"),
        (#"{"type":"GLOBAL","global":{"stream_states":[1]}}"#, "stream_states[0]: is a number"),
        (
            #"{"type":"GLOBAL","global":{"stream_states":[{"stream_descriptor":{"name":"a"}},"#
                + #"{"stream_descriptor":{"name":"a"}}]}}"#,
            "stream_states[1]: names a again"
        ),
        (#"{"updated_at":"2024"}"#, "no state message"),
        (#"{"streams":[{"cursor":1}]}"#, "streams[0].stream_name"),
        (#"{"type":"LEGACY","data":7}"#, ".data: is a number"),
        ("{\"type\":\"LOG\"}\n{\"type\":}", "line 2, byte 9"),
        ("{\"type\":\"LOG\"}\nINFO started", "line 2, byte 1"),
    ])
    func `what is no state is refused with its place`(text: String, part: String) throws {
        let error = try #require(throws: AirbyteStateError.self) { try state(text) }
        #expect(error.message.contains(part), "\(error)")
    }
}
