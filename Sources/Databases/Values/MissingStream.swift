import Streams

extension SourceError {
    /// What to say of a stream that is not there, beside those that are.
    static func missing(
        _ stream: StreamName,
        place: String,
        among relations: [StreamName]
    ) -> SourceError {
        let wanted = stream.name.lowercased()
        let similar = relations.map(\.description).filter { $0.lowercased().contains(wanted) }
            .prefix(3)
        return SourceError(
            .notFound,
            "\(place): there is no table or view \(stream)"
                + (similar.isEmpty
                    ? "; `tributary discover` lists what there is"
                    : "; did you mean \(similar.joined(separator: " or "))?")
        )
    }
}
