/// Names that may have been meant by one that does not exist.
enum NearNames {
    /// The nearest few of `names`, the nearest first.
    static func of(_ name: String, among names: [String]) -> [String] {
        let wanted = compared(name)
        let limit = max(2, wanted.count / 2)
        var ranked: [(name: String, distance: Int)] = []
        for name in names {
            let distance = distance(wanted, compared(name))
            if distance <= limit { ranked.append((name, distance)) }
        }
        ranked.sort { $0.distance == $1.distance ? $0.name < $1.name : $0.distance < $1.distance }
        return ranked.prefix(SQLiteLimits.nearNameCount).map { $0.name }
    }

    private static func compared(_ name: String) -> [Character] {
        Array(name.lowercased().prefix(SQLiteLimits.nearNameLength))
    }

    /// How many characters have to be put in, taken out or changed.
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var row = Array(0...other.count)
        for (i, character) in one.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, candidate) in other.enumerated() {
                let changed = diagonal + (character == candidate ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j + 1] + 1, row[j] + 1)
            }
        }
        return row[other.count]
    }
}
