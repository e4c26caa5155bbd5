/// Decides what of a stream is read next, and knows how far everything is read.
///
/// One reader serves every mode: a stream that is not cut has one slice, a stream that cannot go
/// on gets a reader without a state, an incremental read has the slices of what is new. It does no
/// I/O, and time does not enter into it.
///
/// - Slices that are complete in the state are skipped wherever they stand; one that was begun goes
///   on at its position.
/// - A complete slice ends nothing but itself: slices may finish in any order.
/// - A stream without slices is complete, and its state is kept.
package struct CheckpointReader: Sendable {
    /// A slice to be read, from a position on.
    package struct Assignment: Hashable, Sendable {
        package var slice: Slice
        /// nil for the beginning.
        package var position: Position?

        /// Makes an assignment.
        package init(slice: Slice, position: Position?) {
            self.slice = slice
            self.position = position
        }
    }

    package private(set) var state: StreamState
    private let slices: [Slice]
    private var nextIndex = 0
    /// Slices being read, with the position last asked for.
    private var open: [SliceKey: Position?] = [:]

    /// Makes a reader of `slices` that goes on from `state`.
    package init(slices: [Slice], state: StreamState) {
        self.slices = slices
        self.state = state
    }

    /// The next slice to be read; nil when all were given out or are complete.
    package mutating func next() -> Assignment? {
        while nextIndex < slices.count {
            let slice = slices[nextIndex]
            nextIndex += 1
            switch state.slices[slice.key] ?? .notStarted {
            case .complete: continue
            case .notStarted:
                open[slice.key] = .some(nil)
                return Assignment(slice: slice, position: nil)
            case .inProgress(let position):
                open[slice.key] = .some(position)
                return Assignment(slice: slice, position: position)
            }
        }
        return nil
    }

    /// Notes that a page of a slice was read and what follows it.
    ///
    /// - Throws: `StateError` `stuckPosition` when reading would go round in a circle,
    ///   `unexpectedPage` when nobody was asked for the page.
    package mutating func observe(_ step: Step, of key: SliceKey) throws(StateError) {
        guard let asked = open[key] else {
            throw StateError(.unexpectedPage, "a page came of \(key), which is not being read")
        }
        switch step {
        case .done: open[key] = nil
        case .more(let position):
            guard position != asked else {
                throw StateError(
                    .stuckPosition,
                    "the page behind a position of slice \(key) ends at that same position: the "
                        + "source would be read for ever"
                )
            }
            open[key] = .some(position)
        }
        state.slices[key] = SliceState(after: step)
    }

    /// Whether every slice is read to its end.
    package var isComplete: Bool {
        slices.allSatisfy { state.slices[$0.key] == .complete }
    }
}
