/// An object on its way into a folder: its bytes go to a staged file, small pieces gathered.
///
/// Every call keeps its thread for as long as the disk does.
final class StagedObject: @unchecked Sendable {
    // Safety: one call at a time: `LocalStore` waits for each before the next, whatever thread it runs on.

    /// Closed with the last call, on the thread of that call.
    private var staged: StagedFile?
    private var pending: [UInt8] = []

    /// Begins an object in the staging folder of a store.
    init(in root: LocalRoot) throws {
        staged = try StagedFile(in: root)
    }

    /// Takes more bytes; they are copied or written before it returns.
    func append(_ chunks: [any ByteChunk]) throws {
        precondition(staged != nil, "the object is finished: its writer must not be kept")
        for chunk in chunks { try chunk.withBytes { try append($0) } }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws {
        if pending.count + bytes.count > Limits.writeBufferByteCount { try flush() }
        if bytes.count >= Limits.writeBufferByteCount {
            try staged?.file.write(bytes)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    /// Hands what was gathered to the system.
    private func flush() throws {
        guard !pending.isEmpty else { return }
        try pending.withUnsafeBytes { try staged?.file.write($0) }
        pending.removeAll(keepingCapacity: true)
    }

    /// Makes what was taken so far durable, under its staging name.
    func sync() throws {
        try flush()
        try staged?.file.sync()
    }

    /// Makes the object appear if its name is free, and gives its tag; after an error it may be there.
    func publish(ifAbsentAt target: String) throws -> ObjectTag {
        try flush()
        return try finish { try $0.publish(ifAbsentAt: target) }
    }

    /// Makes the object appear if its name is free; after an error it is not there.
    func publishOrWithdraw(ifAbsentAt target: String) throws {
        try flush()
        _ = try finish { file in
            do {
                try file.publish(ifAbsentAt: target)
            } catch {
                file.withdraw(from: target)
                throw error
            }
        }
    }

    /// Makes the object, which is synced, appear in the place of what is there, and gives its tag.
    ///
    /// Its time of change is later than that of `old`: the clock of a file system ticks in milliseconds and
    /// inode numbers are used again, so without this two versions of equal length could have one tag.
    func publish(replacing target: String, later old: Int?) throws -> ObjectTag {
        precondition(pending.isEmpty, "sync comes first")
        return try finish { file in
            if let old { try file.file.setChangeTime(after: old) }
            try file.publish(replacing: target)
        }
    }

    private func finish(_ body: (borrowing StagedFile) throws -> Void) throws -> ObjectTag {
        guard let file = staged.take() else { preconditionFailure("the object is finished") }
        do {
            try body(file)
            return try file.file.status().tag
        } catch {
            // Without a name in the staging folder where it has one by now.
            file.discard()
            throw error
        }
    }

    /// Gives the object up; nothing is left.
    func abandon() {
        if let file = staged.take() { file.discard() }
    }
}
