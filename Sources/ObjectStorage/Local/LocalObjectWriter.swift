/// Writes the bytes of one object into its staged file, gathering small pieces.
final class LocalObjectWriter: ObjectWriter {
    private let staged: StagedFile
    private var pending: [UInt8] = []
    private(set) var byteCount = 0
    private var isOpen = true

    /// Makes a writer that stages in that store.
    init(in root: LocalRoot) throws {
        staged = try StagedFile(in: root)
        pending.reserveCapacity(Limits.writeBufferByteCount)
    }

    deinit {
        if isOpen { staged.discard() }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(isOpen, "the object is finished: its writer must not be kept")
        byteCount += bytes.count
        if pending.count + bytes.count > Limits.writeBufferByteCount { try flush() }
        if bytes.count >= Limits.writeBufferByteCount {
            try staged.file.write(bytes)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    /// Hands what was gathered to the system.
    func flush() throws {
        guard !pending.isEmpty else { return }
        try pending.withUnsafeBytes { try staged.file.write($0) }
        pending.removeAll(keepingCapacity: true)
    }

    /// Makes the object appear if its name is free.
    func publish(ifAbsentAt target: String) throws {
        try flush()
        try staged.publish(ifAbsentAt: target)
        isOpen = false
    }

    /// Makes the object appear in the place of what is there.
    ///
    /// Whatever was taken has been synced before.
    func publish(replacing target: String) throws {
        precondition(pending.isEmpty, "sync comes first")
        try staged.publish(replacing: target)
        isOpen = false
    }

    /// Makes what was taken so far durable, under its staging name.
    func sync() throws {
        try flush()
        try staged.file.sync()
    }

    /// Gives the object up; nothing is left.
    func abandon() {
        guard isOpen else { return }
        staged.discard()
        isOpen = false
    }

    /// The staged file, for its version.
    func withFile<Result>(_ body: (borrowing SystemFile) throws -> Result) rethrows -> Result {
        try body(staged.file)
    }
}
