/// Asks again and again until an answer comes, and fails at the deadline.
///
/// - Parameters:
///   - deadline: How long to ask.
///   - what: What is waited for, for the message.
///   - question: Gives the answer, or nil for not yet.
/// - Returns: The answer.
/// - Throws: `TestSupportError` at the deadline.
package func poll<Answer>(
    deadline: Duration = .seconds(60),
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
    deadline: Duration = .seconds(60),
    _ what: String,
    _ question: () async throws -> Bool
) async throws {
    try await poll(deadline: deadline, what) { try await question() ? () : nil }
}
