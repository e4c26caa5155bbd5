/// Every number that bounds this target, with its reason.
enum Limits {
    /// Characters of an id: it is a file's name and part of an occurrence's name.
    static let idLength = 63
}
