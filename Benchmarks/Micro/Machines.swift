import Basics
import Scheduling

/// All schedules due in the same second, and every run's end: each value is one occurrence.
///
/// `places` for as many as are due; `queue` for two at a time of one pool, so that all others wait in a line.
let machineCases: [Case] = [("places", 20_000), ("queue", 2)].map { name, limit in
    let count = 20_000
    return Case("machine.\(name)", values: count) {
        let trigger = Trigger.interval(try IntervalTrigger(.hours(1)))
        // 2026-01-01.
        let start = Instant(seconds: 1_767_225_600)
        var machine = SchedulerMachine(limit: limit, poolLimit: limit, seed: 1)
        for number in 0..<count {
            var spec = ScheduleSpec(
                id: "s\(number)",
                trigger: trigger,
                target: try TableName(namespace: "bench", name: "t\(number)"),
                pool: "one",
                createdAt: start
            )
            spec.isDueWhenCreated = false
            machine.put(spec, start)
        }
        _ = machine.takeStep()
        return { run(machine, start + .hours(1)) }
    }
}

/// Has a machine's runs begin and end until it has none.
private func run(_ prepared: SchedulerMachine, _ now: Instant) {
    var machine = prepared
    var isDue = true
    while isDue || machine.unfinishedCount > 0 {
        if isDue { machine.tick(now) }
        for start in machine.takeStep().starts {
            machine.ended(
                start.occurrence.id,
                attempt: start.attempt,
                AttemptReport(.succeeded),
                at: now
            )
        }
        isDue = machine.wait(at: now).map { $0 <= .zero } ?? false
    }
}
