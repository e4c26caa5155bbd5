/// Every number that bounds this target, with its reason.
enum Limits {
    /// Characters of an id: it is a file's name and part of an occurrence's name.
    static let idLength = 63

    /// Bytes of a namespace's or table's name: four times what MariaDB's longest takes.
    static let nameByteCount = 1_024

    /// Single files that are read or written at a time: a few slow ones keep nobody else waiting.
    static let fileThreadCount = 8

    /// Single files that wait for that: more than there are sources to look up secrets for.
    static let fileWaitingCount = 1_024
}
