import Columnar
import Iceberg
import ObjectStorage
import TestSupport
import Testing

@Suite struct MergeModelTests {
    @Test(arguments: [UInt64(1), 2])
    func `thirty merges at random hold what a dictionary holds`(seed: UInt64) async throws {
        try await withLake { lake in
            let schema = Schema([
                Field(id: 1, name: "id", type: .long, isRequired: true),
                Field(id: 2, name: "part", type: .string, isRequired: true),
                Field(id: 3, name: "round", type: .int),
            ])
            var table = try MergeTable(lake, schema, key: [2, 1])
            // So little that keys fall into several partitions and files into several groups.
            table.bounds.keyByteCount = 48 << 10
            table.bounds.groupRowCount = 2_500
            var generator = SplitMix64(seed: seed)
            var model: [String: [String?]] = [:]
            for round in 1...30 {
                let count = Int.random(in: 1...(round % 5 == 0 ? 3_000 : 60), using: &generator)
                let width = Int.random(in: 50...5_000, using: &generator)
                var fresh: [String: [String?]] = [:]
                for _ in 0..<count {
                    let id = String(Int.random(in: -width...width, using: &generator))
                    let part = ["", "north", "south", "a much longer part"]
                        .randomElement(using: &generator)
                    fresh[id + "/" + (part ?? "")] = [id, part, String(round)]
                }
                let rows = fresh.values.sorted { ($0[0] ?? "") < ($1[0] ?? "") }
                let cut = Int.random(in: 0...rows.count, using: &generator)
                let files = [
                    try await table.write(Array(rows[..<cut])),
                    try await table.write(Array(rows[cut...])),
                ]
                let plan = try await table.plan(files)
                let replaced = fresh.keys.count { model[$0] != nil }
                #expect(plan.deletedRowCount == Int64(replaced), "seed \(seed), round \(round)")
                let result = try await table.commit(plan)
                model.merge(fresh) { $1 }
                let left = result.totals.rowCount - result.totals.positionDeleteCount
                #expect(left == Int64(model.count), "seed \(seed), round \(round)")
                if round % 10 == 0 { try await table.expect(Array(model.values)) }
            }
        }
    }
}
