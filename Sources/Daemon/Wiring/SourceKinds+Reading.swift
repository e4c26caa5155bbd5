package import Basics
package import Definitions
import JSON
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
            case .source(let source): return source.location.server
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

    /// An address as it may be shown, made of the parts that are known; nil for settings, which hold no secret.
    package func shown(_ address: SourceAddress) -> String? {
        guard case .dsn(let dsn) = address.place else { return nil }
        do {
            switch try read(address) {
            case .behind(let reference): return reference.shown
            case .source(let source): return source.shownAddress
            }
        } catch {
            // What is of no kind that is known may be a secret in the wrong place.
            return Address(parsing: dsn)?.outline ?? "…"
        }
    }

    /// Puts an address back that was shown and handed in again: as it was shown it is as it is.
    func restoreAddress(in values: inout JSONObject, from old: SourceAddress) {
        guard case .dsn(let dsn) = old.place, let shown = shown(old),
            values["dsn"] == .string(shown)
        else { return }
        values["dsn"] = .string(dsn)
    }
}
