package import JSON

extension AirbyteState {
    /// The messages that say what was read, each stream in the form it was read in.
    package func messages() -> [JSONValue] {
        var messages: [JSONValue] = []
        if let legacy { messages.append(message(of: legacy)) }
        if let global { messages.append(message(of: global, streams(of: .global))) }
        let isLegacyLost = legacy == nil
        let isGlobalLost = global == nil
        for state in streams {
            switch state.form {
            case .stream: break
            case .global where isGlobalLost: break
            case .legacy where isLegacyLost: break
            default: continue
            }
            messages.append(state.message.json(.stream, "stream", state.json))
        }
        return messages
    }

    /// The messages that say all streams in one form: one for each, or one for all.
    ///
    /// - Throws: `AirbyteStateError` `form` for what streams share in messages of each stream,
    ///   and for the form `legacy`, which no connector wants any more.
    package func messages(
        as form: AirbyteStateForm
    ) throws(AirbyteStateError) -> [JSONValue] {
        switch form {
        case .legacy:
            throw AirbyteStateError(.form, "state is written as STREAM or GLOBAL messages only")
        case .stream:
            if let shared = sharedState, shared != .null, shared != .object([:]) {
                throw AirbyteStateError(
                    .form,
                    "the streams share a state, which messages of single streams cannot say; "
                        + "write a GLOBAL message"
                )
            }
            return streams.map { $0.message.json(.stream, "stream", $0.json) }
        case .global:
            let global = global ?? Global(members: [:], message: AirbyteStateMessage())
            return [message(of: global, streams)]
        }
    }

    /// Messages as JSON lines, each with its line end.
    package static func lines(_ messages: [JSONValue]) -> [UInt8] {
        var out: [UInt8] = []
        for message in messages {
            out += message.bytes(.canonical)
            out.append(0x0A)
        }
        return out
    }

    private func streams(of form: AirbyteStateForm) -> [AirbyteStreamState] {
        streams.filter { $0.form == form }
    }

    private func message(
        of global: Global,
        _ streams: [AirbyteStreamState]
    ) -> JSONValue {
        var members = global.members
        members["shared_state"] = global.shared
        members["stream_states"] = .array(streams.map(\.json))
        return global.message.json(.global, "global", .object(members))
    }

    private func message(of legacy: Legacy) -> JSONValue {
        let streams = streams(of: .legacy)
        var data = legacy.members
        if legacy.isList {
            data["streams"] = .array(streams.compactMap(\.position.json))
        } else {
            for state in streams { data[state.stream.name] = state.position.json }
        }
        guard let message = legacy.message else { return .object(data) }
        if legacy.hasType { return message.json(.legacy, "data", .object(data)) }
        var state = message.members
        state["data"] = .object(data)
        return message.wrapped(.object(state))
    }
}
