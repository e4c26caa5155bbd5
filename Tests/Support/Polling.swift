extension Duration {
    /// What nothing takes that does not hang, however slow the machine: a test shares its cores with hundreds
    /// of others.
    package static let hang = Duration.seconds(900)
}

/// Asks again and again until an answer comes, and fails at the deadline.
///
/// - Parameters:
///   - deadline: How long to ask.
///   - what: What is waited for, for the message.
///   - question: Gives the answer, or nil for not yet.
/// - Returns: The answer.
/// - Throws: `TestSupportError` at the deadline.
package func poll<Answer>(
    deadline: Duration = .hang,
    _ what: String,
    _ question: () async throws -> Answer?
) async throws -> Answer {
    let clock = ContinuousClock()
    let limit = clock.now + deadline
    while clock.now < limit {
        if let answer = try await question() { return answer }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw TestSupportError("waited \(deadline) in vain for \(what)")
}

/// Asks until the answer is yes, and fails when that takes too long.
package func pollUntil(
    deadline: Duration = .hang,
    _ what: String,
    _ question: () async throws -> Bool
) async throws {
    try await poll(deadline: deadline, what) { try await question() ? () : nil }
}
