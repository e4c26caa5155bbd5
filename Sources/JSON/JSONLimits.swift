/// How much a reader takes.
package struct JSONLimits: Sendable {
    /// What becomes of a member whose name was there already.
    package enum RepeatedNames: Sendable {
        /// It is an error: whichever of the two were taken, the other would be lost without a word.
        case refused
        /// It takes the place of the first, as most readers have it.
        case lastWins
    }

    /// Bytes of the whole text.
    package var byteCount: Int
    /// Levels of arrays and objects.
    package var depth: Int
    /// Values of all sorts, in all.
    package var valueCount: Int
    package var repeatedNames: RepeatedNames

    /// Makes limits; what is left out has none, but for the depth, which bounds the stack.
    package init(
        byteCount: Int = .max,
        depth: Int = 100,
        valueCount: Int = .max,
        repeatedNames: RepeatedNames = .refused
    ) {
        self.byteCount = byteCount
        self.depth = depth
        self.valueCount = valueCount
        self.repeatedNames = repeatedNames
    }
}
