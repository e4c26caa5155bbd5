import JSON

extension AirbyteState {
    /// Reads state messages.
    ///
    /// Messages may stand by themselves (`{"type": "STREAM", …}`) or in the protocol's envelope
    /// (`{"type": "STATE", "state": …}`); other messages of a connector are passed over. An object
    /// that is no message is the map of streams of old connectors. A message of all streams
    /// replaces the one before, so that a stream it no longer names has no state in it.
    ///
    /// - Throws: `AirbyteStateError`.
    package init(parsing bytes: [UInt8]) throws(AirbyteStateError) {
        var reader = AirbyteStateReader()
        let values = try Self.values(of: bytes)
        guard !values.isEmpty else { throw AirbyteStateError(.malformed, "the document is empty") }
        for (index, value) in values.enumerated() {
            let place = values.count == 1 ? "" : "message \(index + 1)"
            if let array = value.array {
                for (index, message) in array.enumerated() {
                    try reader.read(message, at: "\(place)[\(index)]")
                }
            } else {
                try reader.read(value, at: place)
            }
        }
        self.init(reader.streams)
        global = reader.global
        legacy = reader.legacy
    }

    /// The values that follow each other in a text, as lines or otherwise.
    private static func values(of bytes: [UInt8]) throws(AirbyteStateError) -> [JSONValue] {
        var reader = JSONReader(
            bytes,
            JSONLimits(
                byteCount: Limits.airbyteStateByteCount,
                depth: Limits.airbyteStateDepth,
                valueCount: Limits.airbyteStateValueCount
            )
        )
        var values: [JSONValue] = []
        do {
            while let value = try reader.next() { values.append(value) }
        } catch {
            throw AirbyteStateError(error)
        }
        return values
    }
}

/// Collects what messages say of each stream.
private struct AirbyteStateReader {
    /// Message types that say nothing of state, as they stand in a connector's output.
    private static let otherTypes: Set<String> = [
        "RECORD", "LOG", "TRACE", "SPEC", "CONNECTION_STATUS", "CATALOG", "CONTROL",
        "DESTINATION_CATALOG",
    ]

    var global: AirbyteState.Global?
    var legacy: AirbyteState.Legacy?
    private var states: [StreamName: AirbyteStreamState] = [:]
    /// Names as they came, some more than once.
    private var order: [StreamName] = []
    private var names: [AirbyteStateForm: [StreamName]] = [:]

    /// The streams in the order in which they were first named.
    var streams: [AirbyteStreamState] {
        var seen: Set<StreamName> = []
        return order.filter { seen.insert($0).inserted }.compactMap { states[$0] }
    }

    private mutating func set(_ state: AirbyteStreamState) {
        if states.updateValue(state, forKey: state.stream) == nil { order.append(state.stream) }
        names[state.form, default: []].append(state.stream)
    }

    /// Forgets the streams of a form, before a message that names all there are.
    private mutating func removeAll(_ form: AirbyteStateForm) {
        for name in names.removeValue(forKey: form) ?? [] where states[name]?.form == form {
            states[name] = nil
        }
    }

    mutating func read(_ json: JSONValue, at place: String) throws(AirbyteStateError) {
        let members = try json.members(at: place)
        guard case .string(let type) = members["type"] else {
            return try readUntyped(members, at: place)
        }
        guard type == "STATE" else {
            if Self.otherTypes.contains(type) { return }
            return try read(state: members, type: type, envelope: nil, at: place)
        }
        var envelope = members
        envelope["type"] = nil
        guard let state = envelope.remove("state") else {
            throw AirbyteStateError(.malformed, at: place + ".state", "is missing")
        }
        let place = place + ".state"
        let inner = try state.members(at: place)
        switch inner["type"] {
        case .string(let type): try read(state: inner, type: type, envelope: envelope, at: place)
        case nil, .null:
            try read(state: inner, type: Self.impliedType(inner), envelope: envelope, at: place)
        case let other?:
            throw AirbyteStateError(.malformed, at: place + ".type", "is \(other.kind), not text")
        }
    }

    /// The type of a message that does not say it.
    private static func impliedType(_ state: JSONObject) -> String {
        if state["stream"] != nil { return AirbyteStateForm.stream.rawValue }
        if state["global"] != nil { return AirbyteStateForm.global.rawValue }
        return AirbyteStateForm.legacy.rawValue
    }

    /// A map of streams, or a message of one without its type.
    private mutating func readUntyped(
        _ members: JSONObject,
        at place: String
    ) throws(AirbyteStateError) {
        if let stream = members["stream"]?.object, stream["stream_descriptor"] != nil {
            try read(state: members, type: "STREAM", envelope: nil, at: place)
        } else if let global = members["global"]?.object, global["stream_states"] != nil {
            try read(state: members, type: "GLOBAL", envelope: nil, at: place)
        } else if members.count == 1, let data = members["data"]?.object, !data.isEmpty,
            data.values.allSatisfy({ $0.object != nil })
        {
            try read(state: members, type: "LEGACY", envelope: nil, at: place)
        } else {
            try readLegacy(members, message: nil, hasType: false, at: place)
        }
    }

    private mutating func read(
        state: JSONObject,
        type: String,
        envelope: JSONObject?,
        at place: String
    ) throws(AirbyteStateError) {
        guard let form = AirbyteStateForm(rawValue: type) else {
            let quote = type.prefix(Limits.airbyteQuoteLength)
            throw AirbyteStateError(
                .malformed,
                at: place + ".type",
                "`\(quote)` is no type of a message; STATE, STREAM, GLOBAL and LEGACY are read"
            )
        }
        let hasType = state["type"]?.string != nil
        let name =
            switch form {
            case .stream: "stream"
            case .global: "global"
            case .legacy: "data"
            }
        var message = AirbyteStateMessage(members: state, envelope: envelope)
        message.members["type"] = nil
        guard let value = message.members.remove(name) else {
            throw AirbyteStateError(.malformed, at: "\(place).\(name)", "is missing")
        }
        let place = "\(place).\(name)"
        switch form {
        case .stream:
            var stream = try AirbyteStreamState(value, at: place, form: .stream)
            stream.message = message
            set(stream)
        case .global: try readGlobal(value, message: message, at: place)
        case .legacy:
            let data = try value.members(at: place)
            try readLegacy(data, message: message, hasType: hasType, at: place)
        }
    }

    private mutating func readGlobal(
        _ json: JSONValue,
        message: AirbyteStateMessage,
        at place: String
    ) throws(AirbyteStateError) {
        var members = try json.members(at: place)
        let place = place + ".stream_states"
        guard let states = members.remove("stream_states")?.array else {
            throw AirbyteStateError(.malformed, at: place, "is no list of states")
        }
        let shared = members.remove("shared_state")
        removeAll(.global)
        global = AirbyteState.Global(shared: shared, members: members, message: message)
        for (index, state) in states.enumerated() {
            let place = "\(place)[\(index)]"
            let stream = try AirbyteStreamState(state, at: place, form: .global)
            if self.states[stream.stream]?.form == .global {
                throw AirbyteStateError(.malformed, at: place, "names \(stream.stream) again")
            }
            set(stream)
        }
    }

    private mutating func readLegacy(
        _ data: JSONObject,
        message: AirbyteStateMessage?,
        hasType: Bool,
        at place: String
    ) throws(AirbyteStateError) {
        removeAll(.legacy)
        var rest = data
        if let list = data["streams"]?.array {
            rest["streams"] = nil
            for (index, json) in list.enumerated() {
                set(try Self.listed(json, at: "\(place).streams[\(index)]"))
            }
            legacy = AirbyteState.Legacy(
                members: rest,
                isList: true,
                message: message,
                hasType: hasType
            )
            return
        }
        // In the order of names, since a map has none.
        for (name, state) in data.sorted {
            guard state.object != nil, !name.isEmpty else { continue }
            rest[name] = nil
            let stream = StreamName(namespace: nil, name: name)
            set(AirbyteStreamState(stream: stream, position: AirbytePosition(state), form: .legacy))
        }
        guard rest.count < data.count || data.isEmpty else {
            throw AirbyteStateError(
                .malformed,
                at: place,
                "no state message, and no map of streams to their states"
            )
        }
        legacy = AirbyteState.Legacy(
            members: rest,
            isList: false,
            message: message,
            hasType: hasType
        )
    }

    /// A stream of a list, which has its name within its state.
    private static func listed(
        _ json: JSONValue,
        at place: String
    ) throws(AirbyteStateError) -> AirbyteStreamState {
        let members = try json.members(at: place)
        guard let name = members["stream_name"]?.string, !name.isEmpty else {
            throw AirbyteStateError(
                .malformed,
                at: place + ".stream_name",
                "is no name of a stream"
            )
        }
        let namespace = members["stream_namespace"]?.string
        return AirbyteStreamState(
            stream: StreamName(
                namespace: namespace.flatMap { $0.isEmpty ? nil : $0 },
                name: name
            ),
            position: AirbytePosition(json),
            form: .legacy
        )
    }
}
