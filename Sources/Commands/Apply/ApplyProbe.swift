package import Server

/// What a file of definitions would change, as others see it: by an API in this process.
package struct ApplyProbe: Sendable {
    private let plan: ApplyPlan
    private let client: APIClient

    /// Reads a file and plans what makes it true; changes nothing.
    ///
    /// - Throws: an error that says which definition cannot be.
    package init(file path: String, _ api: API, prunes: Bool = false) async throws {
        client = APIClient(local: api)
        plan = try await ApplyPlan(ApplyFile(path: path), client, prunes: prunes)
    }

    /// The changes in their order: the method, the kind and the id, and the fields that differ.
    package var changes: [String] {
        plan.changes.map { change in
            ([change.method.rawValue, change.kind, change.id] + change.fields.map(\.name))
                .joined(separator: " ")
        }
    }

    /// Makes the changes.
    ///
    /// - Throws: what the API said no to.
    package func perform() async throws {
        for change in plan.changes { try await change.perform(client) }
    }
}
