extension TableTransaction {
    /// Sets properties of the table; nil removes one.
    package mutating func setProperties(_ changes: [String: String?]) {
        propertyChanges.merge(changes) { $1 }
    }
}

extension TableMetadata {
    /// What keeps a table that is written often small: properties that other programs heed as well.
    private static let defaults = [
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": String(Limits.previousMetadataCount),
        "commit.manifest-merge.enabled": "true",
    ]

    /// Whether this program made the table, as far back as its snapshots tell.
    var isOwn: Bool { snapshots.first?.summary["engine-name"] == "tributary" }

    /// Sets what a table of this program says of its upkeep, where it says nothing.
    mutating func applyDefaults() {
        properties.merge(Self.defaults) { own, _ in own }
    }

    /// Sets and removes properties.
    mutating func apply(propertyChanges: [String: String?]) {
        for (key, value) in propertyChanges { properties[key] = value }
    }

    /// How many old documents the table's log names.
    ///
    /// Each document lists all snapshots. With many of them, a log of the default's length would take
    /// far more room than the table's own metadata: it gets shorter, unless the table asks for
    /// another number.
    var previousMetadataCount: Int {
        let asked = properties["write.metadata.previous-versions-max"].flatMap { Int($0) }
        if let asked, asked != Limits.previousMetadataCount { return max(1, asked) }
        let fitting = Limits.loggedSnapshotCount / max(1, snapshots.count)
        return min(Limits.previousMetadataCount, max(Limits.leastPreviousMetadataCount, fitting))
    }

    /// Whether old documents are removed once the log no longer names them.
    var deletesOldMetadata: Bool {
        properties["write.metadata.delete-after-commit.enabled"] == "true"
    }
}
