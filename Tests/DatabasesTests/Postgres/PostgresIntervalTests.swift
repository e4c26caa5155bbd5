import Databases
import Testing

/// Intervals as the server writes them under `intervalstyle = iso_8601`.
@Suite struct PostgresIntervalTests {
    @Test(
        arguments: [
            (0, 0, 0, "PT0S"), (4_500_000, 1, 14, "P1Y2M1DT4.5S"), (-1, 0, 0, "PT-0.000001S"),
            (93_784_000_000, 0, 0, "PT26H3M4S"),
            (-93_784_500_000, -1, -14, "P-1Y-2M-1DT-26H-3M-4.5S"),
            (3_600_000_000, 0, 0, "PT1H"), (0, 0, 12, "P1Y"), (59_999_999, 0, 0, "PT59.999999S"),
            (60_000_000, 0, -1, "P-1MT1M"), (10_000, 0, 0, "PT0.01S"),
            (Int64.max, .max, .max, "infinity"),
            (Int64.min, .min, .min, "-infinity"),
        ] as [(Int64, Int32, Int32, String)]
    )
    func `every part is written by itself`(
        microseconds: Int64,
        days: Int32,
        months: Int32,
        text: String
    ) {
        let interval = PostgresInterval(microseconds: microseconds, days: days, months: months)
        #expect(interval.text == text)
    }
}
