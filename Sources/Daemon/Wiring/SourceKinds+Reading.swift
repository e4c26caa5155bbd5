package import Basics
package import Definitions
package import JSON
package import Streams

/// What an address says by itself, before any secret is known.
extension SourceKinds {
    enum Reading {
        /// The address is a secret itself.
        case behind(SecretReference)
        case source(ConfiguredSource)
    }

    /// Reads an address: its kind's settings, if it is no secret itself.
    ///
    /// - Throws: `SourceError` `configuration`, which names the field.
    func read(_ address: SourceAddress) throws(SourceError) -> Reading {
        switch address.place {
        case .dsn(let dsn):
            if let reference = SecretReference(parsing: dsn) { return .behind(reference) }
            return .source(try source(at: self.address(dsn, references: .all)))
        case .settings(let settings):
            return .source(try source(of: address.kind ?? "", settings))
        }
    }

    /// What an address says to those who decide whether it may be asked for.
    package struct Request {
        /// Whether it takes an administrator to ask for it.
        package var needsAdministrator: Bool
        /// Secrets of the lake that it names.
        package var sealed: [DefinitionID]
    }

    /// Requires an address to be of a kind there is, with the fields and values of that.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - path: What stands before its fields' names in the document, as in `source.`.
    /// - Throws: `DefinitionError` `invalid`, which names the field.
    package func check(_ address: SourceAddress, path: String = "") throws(DefinitionError) {
        _ = try request(for: address, path: path)
    }

    /// What an address asks for.
    ///
    /// - Throws: `DefinitionError` `invalid`, as `check` does.
    package func request(
        for address: SourceAddress,
        path: String
    ) throws(DefinitionError) -> Request {
        let reading: Reading
        do {
            reading = try read(address)
        } catch {
            throw DefinitionError(
                .invalid,
                field: path + (error.field ?? address.field),
                error.message
            )
        }
        if let kind = address.kind {
            var isRight = descriptions.contains { $0.kind == kind }
            if case .source(let source) = reading { isRight = source.kind == kind }
            guard isRight else {
                throw DefinitionError(
                    .invalid,
                    field: path + "kind",
                    "the address is of another kind; leave kind out, or name its own"
                )
            }
        }
        let (references, needsAdministrator) =
            switch reading {
            case .behind(let reference): ([reference], reference.needsAdministrator)
            case .source(let source): (Array(source.secrets.values), source.needsAdministrator)
            }
        return Request(
            needsAdministrator: needsAdministrator,
            sealed: references.compactMap {
                if case .sealed(let id) = $0 { id } else { nil }
            }.sorted()
        )
    }

    /// What runs of the same source share: its server where the address shows one, else a name made of it.
    ///
    /// It is stored with every run, so it tells nothing of a command or of parts that are not shown.
    ///
    /// - Throws: `DefinitionError` `invalid` for settings that no kind takes.
    package func pool(of choice: SourceChoice) throws(DefinitionError) -> String {
        let address: SourceAddress
        switch choice {
        case .named(let id): return "source:\(id)"
        case .inline(let inline): address = inline
        }
        do {
            switch try read(address) {
            case .behind(.command(let line)): return "exec:#\(TextDigest.of([line]))"
            case .behind(let reference): return reference.description
            case .source(let source):
                guard case .dsn(let dsn) = address.place, !source.reach.isOfHostsAlone,
                    !source.reach.isOfFilesAlone
                else { return source.location.server }
                return "address:#\(TextDigest.of([dsn]))"
            }
        } catch {
            // What an address lacks the run says; its fields are refused with the document.
            guard case .dsn(let dsn) = address.place else {
                throw DefinitionError(
                    .invalid,
                    field: "source." + (error.field ?? address.field),
                    error.message
                )
            }
            return "address:#\(TextDigest.of([dsn]))"
        }
    }

    /// The fields of an address that are not shown as they are, as they may be shown.
    ///
    /// An address is made of the parts that are known, and a reference to a command says its name alone. Of what no
    /// kind takes, any text may be a secret in the wrong place.
    package func shown(_ address: SourceAddress) -> JSONObject {
        do {
            switch try read(address) {
            case .behind(let reference): return ["dsn": .string(reference.shown)]
            case .source(let source): return Self.shown(source)
            }
        } catch {
            switch address.place {
            case .dsn(let dsn):
                return ["dsn": .string(Address(parsing: dsn)?.outline ?? "…")]
            case .settings(let settings):
                return JSONObject(settings.map { ($0.name, .string("…")) })
            }
        }
    }

    private static func shown(_ source: ConfiguredSource) -> JSONObject {
        if let address = source.shownAddress { return ["dsn": .string(address)] }
        return JSONObject(source.secrets.map { ($0.key, .string($0.value.shown)) })
    }

    /// Puts fields back that were shown and handed in again: as they were shown they are as they are.
    func restoreAddress(in values: inout JSONObject, from old: SourceAddress) {
        for field in shown(old) where values[field.name] == field.value {
            switch old.place {
            case .dsn(let dsn): values["dsn"] = .string(dsn)
            case .settings(let settings): values[field.name] = settings[field.name]
            }
        }
    }
}
