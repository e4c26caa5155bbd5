package import Basics
package import Definitions
package import FoundationEssentials
import JSON
import ObjectStorage
package import Streams

/// What can be asked about sources, secrets and tokens.
extension Node {
    /// The documents of a kind, and why some cannot be used.
    package func list<Document: DefinitionDocument>(
        _ kind: Document.Type
    ) async throws -> [Result<Document, QuarantineError>] {
        let store = DocumentStore<Document>(lake.store)
        var found: [Result<Document, QuarantineError>] = []
        for listed in try await store.list().documents {
            do {
                if let stored = try await store.read(listed.id) {
                    found.append(.success(stored.document))
                }
            } catch let error where !(error is CancellationError) && !error.isLakeAway {
                found.append(
                    .failure(QuarantineError(id: listed.id.rawValue, problem: "\(error)"))
                )
            }
        }
        return found
    }

    /// Creates a source from a document, or replaces it.
    ///
    /// - Parameters:
    ///   - document: The document without what the server decides itself.
    ///   - tag: The version it takes the place of; nil for a new one.
    ///   - caller: Who asks.
    /// - Returns: The source as it is now.
    /// - Throws: `DefinitionError` `exists`, `changed`, `invalid` or `forbidden`.
    package func putSource(
        _ document: Data,
        replacing tag: String?,
        by caller: Caller
    ) async throws -> StoredDocument<SourceDefinition> {
        var values = try Self.values(document)
        var old: SourceDefinition?
        if tag != nil, case .string(let id)? = values["id"] {
            old = try await sources.get(DefinitionID(id)).document
        }
        try Self.requireOwn(values, old?.fields ?? [:])
        // The address as it was shown is the address as it is.
        if let old { access.kinds.restoreAddress(in: &values, from: old.address) }
        var fields = DocumentFields(values)
        var definition = try SourceDefinition(&fields)
        try fields.end()
        definition.createdAt = old?.createdAt ?? clocks.now()
        definition.createdBy = old?.createdBy ?? caller.name
        if definition.address.place != old?.address.place
            || definition.address.kind != old?.address.kind
        {
            try await require(definition.address, by: caller)
        }
        let stored: StoredDocument<SourceDefinition>
        if let tag {
            stored = try await sources.replace(definition, ObjectTag(tag))
        } else {
            stored = try await sources.create(definition)
        }
        await audit(caller, tag == nil ? "source.create" : "source.replace", definition.id.rawValue)
        return stored
    }

    /// Deletes a source that no schedule names.
    ///
    /// - Throws: `DaemonError` `conflict` where one does.
    package func deleteSource(
        _ id: DefinitionID,
        ifMatch tag: String?,
        by caller: Caller
    ) async throws {
        for listed in try await schedules.list().documents {
            let schedule: StoredDocument<ScheduleDefinition>?
            do {
                schedule = try await schedules.read(listed.id)
            } catch is DefinitionError {
                // One that cannot be understood names nothing.
                continue
            } catch let error as StorageError where error.code != .unreachable {
                throw DaemonError(
                    .conflict,
                    "the schedule \(listed.id) may read the source \(id), and it cannot be looked at: \(error)"
                )
            }
            guard schedule?.document.source != .named(id) else {
                throw DaemonError(.conflict, "the schedule \(listed.id) reads the source \(id)")
            }
        }
        try await sources.delete(id, tag.map { ObjectTag($0) })
        await audit(caller, "source.delete", id.rawValue)
    }

    /// Connects to a source and tells what it is.
    package func checkSource(_ choice: SourceChoice, by caller: Caller) async throws -> SourceCheck
    {
        try await using(choice, by: caller) { source, scrub in
            var check = try await source.check()
            check.version = scrub(check.version)
            check.facts = check.facts.map(scrub)
            check.warnings = check.warnings.map(scrub)
            return check
        }
    }

    /// The streams of a source.
    package func discoverSource(
        _ choice: SourceChoice,
        by caller: Caller
    ) async throws -> [StreamDescriptor] {
        try await using(choice, by: caller) { source, _ in try await source.discover() }
    }

    private func using<Answer>(
        _ choice: SourceChoice,
        by caller: Caller,
        _ body: (any Source, _ scrub: (String) -> String) async throws -> Answer
    ) async throws -> Answer {
        if case .inline(let address) = choice {
            try await require(address, by: caller)
        }
        let opened = try await access.open(choice)
        do {
            return try await body(opened.source, opened.scrub)
        } catch let error as SourceError {
            throw SourceError(error.code, field: error.field, opened.scrub(error.message))
        }
    }

    // MARK: Secrets

    /// Seals a secret, or another one under the same name.
    package func putSecret(
        _ id: DefinitionID,
        _ secret: Secret,
        hosts: [String],
        by caller: Caller
    ) async throws {
        let others = try await list(SecretDocument.self).compactMap { item -> String? in
            // One that cannot be read is not opened with any key.
            guard let other = try? item.get(), other.id != id else { return nil }
            return other.keyID
        }
        let document = try SecretDocument(
            id,
            sealing: secret,
            with: await keys.sealingKey(besides: Set(others)),
            hosts: hosts,
            at: clocks.now(),
            by: caller.name
        )
        if let present = try await lake.store.info(ObjectKey("\(SecretDocument.folder)/\(id).json"))
        {
            _ = try await secrets.replace(document, present.tag)
        } else {
            _ = try await secrets.create(document)
        }
        await audit(caller, "secret.put", id.rawValue)
    }

    /// Forgets a secret.
    package func deleteSecret(_ id: DefinitionID, by caller: Caller) async throws {
        try await secrets.delete(id)
        await audit(caller, "secret.delete", id.rawValue)
    }

    // MARK: Tokens

    /// Makes a token; it is told once and never again.
    package func createToken(
        _ id: DefinitionID,
        _ role: Role,
        expiresAt: Instant?,
        by caller: Caller
    ) async throws -> Secret {
        let made = TokenDocument.make(
            id,
            role,
            at: clocks.now(),
            by: caller.name,
            expiresAt: expiresAt
        )
        _ = try await tokens.create(made.document)
        await audit(caller, "token.create", id.rawValue, role.rawValue)
        return made.token
    }

    /// Takes a token back.
    package func deleteToken(_ id: DefinitionID, by caller: Caller) async throws {
        try await tokens.delete(id)
        await audit(caller, "token.delete", id.rawValue)
    }

    /// Who a token belongs to; nil for one that is not good.
    ///
    /// - Throws: `StorageError` `unreachable` where the lake cannot be looked at.
    package func caller(with token: Secret) async throws -> Caller? {
        guard let id = TokenDocument.id(in: token) else { return nil }
        let document: TokenDocument?
        do {
            document = try await tokens.read(id)?.document
        } catch let error where error.isLakeAway {
            throw error
        } catch {
            // A token that cannot be read is good for nothing.
            return nil
        }
        guard let document, document.accepts(token, at: clocks.now()) else { return nil }
        return Caller(name: "token:\(id)", role: document.role)
    }

    /// Makes an administrator's token where there is no token yet, and leaves it in a file that only the
    /// owner of the process may read.
    ///
    /// - Returns: The file; nil where there are tokens already.
    package func makeFirstToken() async throws -> String? {
        guard try await tokens.list().documents.isEmpty else { return nil }
        let system = Caller(name: "system", role: .admin)
        let path = settings.stateFolder.adminToken
        let id = try DefinitionID("admin")
        let made = TokenDocument.make(id, .admin, at: clocks.now(), by: system.name)
        // The file first: a token that nobody was told helps nobody.
        let isWritten = try await BlockingPool.files.run {
            // One may be there, of a lake whose tokens are gone.
            try? FileManager.default.removeItem(atPath: path)
            return made.token.reveal { PrivateFile.write($0 + "\n", to: path) }
        }
        guard isWritten else {
            throw DaemonError(.configuration, "the first token cannot be written to \(path)")
        }
        _ = try await tokens.create(made.document)
        await audit(system, "token.create", id.rawValue, Role.admin.rawValue)
        return path
    }
}
