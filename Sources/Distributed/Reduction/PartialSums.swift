/// The sums of one process's micro-batches: a stack of complete tree nodes, each a gradient vector and its scalars.
///
/// The buffers belong to this object, keep their addresses until `grow`, and are freed with it.
@safe final class PartialSums {
    let parameterCount: Int
    let scalarCount: Int
    private(set) var nodes: [Range<Int>] = []
    private(set) var gradients: [UnsafeMutablePointer<Float>] = unsafe []
    private(set) var scalars: [UnsafeMutablePointer<Double>] = unsafe []

    init(parameterCount: Int, scalarCount: Int) {
        self.parameterCount = parameterCount
        self.scalarCount = scalarCount
        nodes.reserveCapacity(64)
    }

    deinit {
        unsafe gradients.forEach { unsafe $0.deallocate() }
        unsafe scalars.forEach { unsafe $0.deallocate() }
    }

    /// Makes room for `depth` nodes.
    func grow(to depth: Int) {
        while unsafe gradients.count < depth {
            unsafe gradients.append(.allocate(capacity: max(parameterCount, 1)))
            unsafe scalars.append(.allocate(capacity: max(scalarCount, 1)))
        }
    }

    func removeAll() {
        nodes.removeAll(keepingCapacity: true)
    }

    /// Adds the leaf `index` of a tree over `count` leaves.
    func add(leaf index: Int, of count: Int, gradient: UnsafePointer<Float>, scalars leafScalars: [Double]) {
        let leaf = index..<index + 1
        if let last = nodes.last, ReductionTree.areSiblings(last, leaf, count: count) {
            unsafe addLeaf(into: nodes.count - 1, gradient: gradient, scalars: leafScalars)
            nodes.removeLast()
            ReductionTree.append(last.lowerBound..<leaf.upperBound, to: &nodes, count: count, merge: merge)
        } else {
            unsafe storeLeaf(at: nodes.count, gradient: gradient, scalars: leafScalars)
            nodes.append(leaf)
        }
    }

    /// Adds a leaf to one running sum, in the order of the calls.
    func accumulate(leaf index: Int, gradient: UnsafePointer<Float>, scalars leafScalars: [Double]) {
        guard let sum = nodes.first else {
            unsafe storeLeaf(at: 0, gradient: gradient, scalars: leafScalars)
            nodes.append(index..<index + 1)
            return
        }
        unsafe addLeaf(into: 0, gradient: gradient, scalars: leafScalars)
        nodes[0] = sum.lowerBound..<index + 1
    }

    private func merge(_ left: Int) {
        unsafe addVector(gradients[left + 1], to: gradients[left], count: parameterCount)
        unsafe addVector(scalars[left + 1], to: scalars[left], count: scalarCount)
    }

    private func addLeaf(into slot: Int, gradient: UnsafePointer<Float>, scalars leafScalars: [Double]) {
        unsafe addVector(gradient, to: gradients[slot], count: parameterCount)
        for i in 0..<scalarCount { unsafe scalars[slot][i] += leafScalars[i] }
    }

    private func storeLeaf(at slot: Int, gradient: UnsafePointer<Float>, scalars leafScalars: [Double]) {
        grow(to: slot + 1)
        unsafe gradients[slot].update(from: gradient, count: parameterCount)
        for i in 0..<scalarCount { unsafe scalars[slot][i] = leafScalars[i] }
    }
}
