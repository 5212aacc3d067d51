import CatenaEngine

/// Which classes come in which task, a function of the labels and the seed alone.
package struct ClassSequence: Sendable, Equatable {
    /// The classes of each task, in the order of the classifier's rows.
    package let tasks: [[String]]

    /// The classes of all tasks up to and with number `task`, from 0.
    package func seen(after task: Int) -> [String] { tasks[...task].flatMap(\.self) }

    /// How many classes the tasks before number `task` have.
    package func oldCount(before task: Int) -> Int { tasks[..<task].reduce(0) { $0 + $1.count } }

    /// Divides `labels` as `plan` says.
    ///
    /// A number of tasks means an order drawn from `seed`, cut into parts whose sizes differ by at most one, the larger ones first.
    ///
    /// - Throws: ``IncrementalError`` for classes that the data do not have, that come twice or not at all, and more tasks than classes.
    package init(_ labels: [String], plan: IncrementalConfiguration.Tasks, seed: UInt64) throws(IncrementalError) {
        switch plan {
        case .count(let count):
            guard count <= labels.count else { throw .tooManyTasks(count, classes: labels.count) }
            let shuffled = KeyedPermutation(count: labels.count, seed: seed, purpose: "class order").order.map {
                labels[$0]
            }
            let (size, larger) = labels.count.quotientAndRemainder(dividingBy: count)
            var start = 0
            tasks = (0..<count).map { task in
                let end = start + size + (task < larger ? 1 : 0)
                defer { start = end }
                return Array(shuffled[start..<end])
            }
        case .lists(let lists):
            let known = Set(labels)
            var seen: [String: Int] = [:]
            for (task, names) in lists.enumerated() {
                for name in names {
                    guard known.contains(name) else { throw .unknownClass(name, task: task + 1, known: labels) }
                    if let earlier = seen[name] { throw .classTwice(name, task: task + 1, earlier: earlier + 1) }
                    seen[name] = task
                }
            }
            tasks = lists
        }
    }
}
