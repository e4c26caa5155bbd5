package import JSON

/// The state of a connection of Airbyte: where its connector stands in each stream.
///
/// It is read from whatever a connector or its platform kept: one message, an array of them, or
/// messages one after the other as connectors print them, of which a stream's last one counts.
/// What is written again says what was read, members without a name here too.
package struct AirbyteState: Hashable, Sendable {
    /// In the order in which they were first named.
    package internal(set) var streams: [AirbyteStreamState] = []
    /// What the streams share, as a place in a log; nil when there is no such message or it has
    /// none.
    package var sharedState: JSONValue? { global?.shared }
    /// The last message of all streams.
    var global: Global?
    /// The message of a time before streams had their own.
    var legacy: Legacy?
    private var indices: [StreamName: Int] = [:]

    struct Global: Hashable, Sendable {
        var shared: JSONValue?
        /// Other members beside the streams.
        var members: JSONObject
        var message: AirbyteStateMessage
    }

    struct Legacy: Hashable, Sendable {
        /// Members that are no streams.
        var members: JSONObject
        /// Whether streams stand in a list, as database connectors wrote them.
        var isList: Bool
        /// Whether the map stands in a message's `data`; else it stands by itself.
        var message: AirbyteStateMessage?
        /// Whether the message said its type.
        var hasType = false
    }

    /// Makes a state of streams, of which each name may stand once.
    package init(_ streams: [AirbyteStreamState] = []) {
        for stream in streams { set(stream) }
    }

    /// The state of a stream.
    package subscript(stream: StreamName) -> AirbyteStreamState? {
        indices[stream].map { streams[$0] }
    }

    /// Puts a stream's state in the place of the one it had.
    package mutating func set(_ state: AirbyteStreamState) {
        if let index = indices[state.stream] {
            streams[index] = state
        } else {
            indices[state.stream] = streams.count
            streams.append(state)
        }
    }
}
