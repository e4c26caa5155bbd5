import JSON

/// The forms in which Airbyte says state.
package enum AirbyteStateForm: String, CaseIterable, Sendable {
    /// One map for all streams, before messages had a type.
    case legacy = "LEGACY"
    /// A message for each stream.
    case stream = "STREAM"
    /// One message for all streams, with what they share.
    case global = "GLOBAL"
}

/// Where a connector stands in one stream, with all that its message says.
package struct AirbyteStreamState: Hashable, Sendable {
    package let stream: StreamName
    package var position: AirbytePosition
    /// The form the state was read in.
    package let form: AirbyteStateForm
    /// Members of the stream's descriptor.
    var descriptor: JSONObject
    /// Other members beside descriptor and state.
    var entry: JSONObject = [:]
    /// The message around it, of the form `stream`.
    var message = AirbyteStateMessage()

    /// Makes the state of a stream, to be written in a message of its own.
    package init(stream: StreamName, position: AirbytePosition) {
        self.init(stream: stream, position: position, form: .stream)
    }

    init(stream: StreamName, position: AirbytePosition, form: AirbyteStateForm) {
        self.stream = stream
        self.position = position
        self.form = form
        descriptor = ["name": .string(stream.name)]
        if let namespace = stream.namespace { descriptor["namespace"] = .string(namespace) }
    }

    /// Reads an object of `stream_descriptor` and `stream_state`.
    init(_ json: JSONValue, at place: String, form: AirbyteStateForm)
        throws(AirbyteStateError)
    {
        var entry = try json.members(at: place)
        let place = place + ".stream_descriptor"
        guard let descriptor = entry.remove("stream_descriptor") else {
            throw AirbyteStateError(.malformed, at: place, "is missing")
        }
        let members = try descriptor.members(at: place)
        guard let name = members["name"]?.string, !name.isEmpty else {
            throw AirbyteStateError(.malformed, at: place + ".name", "is no name of a stream")
        }
        let namespace = members["namespace"] ?? .null
        guard namespace == .null || namespace.string != nil else {
            throw AirbyteStateError(
                .malformed,
                at: place + ".namespace",
                "is \(namespace.kind), not text"
            )
        }
        self.form = form
        stream = StreamName(
            namespace: namespace.string.flatMap { $0.isEmpty ? nil : $0 },
            name: name
        )
        position = AirbytePosition(entry.remove("stream_state"))
        self.descriptor = members
        self.entry = entry
    }

    /// The object of `stream_descriptor` and `stream_state`.
    var json: JSONValue {
        var members = entry
        members["stream_descriptor"] = .object(descriptor)
        members["stream_state"] = position.json
        return .object(members)
    }

    /// Rows the source sent since its state before, as its message says.
    package var sourceRecordCount: Int64? { message.recordCount("sourceStats") }

    /// Rows the destination took, as its message says.
    package var destinationRecordCount: Int64? { message.recordCount("destinationStats") }
}

/// What a state message says besides the state.
struct AirbyteStateMessage: Hashable, Sendable {
    /// Members beside the state, as statistics.
    var members: JSONObject = [:]
    /// Members of the message around it; nil when there was none.
    var envelope: JSONObject? = [:]

    func recordCount(_ name: String) -> Int64? {
        members[name]?.object?["recordCount"]?.integer
    }

    /// The message with a state of that type.
    func json(_ form: AirbyteStateForm, _ name: String, _ value: JSONValue) -> JSONValue {
        var state = members
        state["type"] = .string(form.rawValue)
        state[name] = value
        return wrapped(.object(state))
    }

    func wrapped(_ state: JSONValue) -> JSONValue {
        guard var message = envelope else { return state }
        message["type"] = .string("STATE")
        message["state"] = state
        return .object(message)
    }
}

extension JSONValue {
    /// The members of what has to be an object.
    func members(at place: String) throws(AirbyteStateError) -> JSONObject {
        guard let object else {
            throw AirbyteStateError(.malformed, at: place, "is \(kind), not an object")
        }
        return object
    }
}
