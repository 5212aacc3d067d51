import CatenaEngine
package import CatenaModels

extension Batch {
    /// Puts the examples of some rows in, in order; memory of earlier fillings is used again. A pair of answers is two segments, the
    /// chosen one first.
    package mutating func fill(_ plan: MicroBatchPlan, from data: PreparedDataset) {
        clear()
        for example in plan.rows.joined() {
            if data.content == .images, let target = data.target(of: example) {
                unsafe data.withPixels(example) { unsafe append(pixels: $0, target: target, exampleIndex: example) }
                continue
            }
            unsafe data.withExample(example) { ids, labels in
                if let target = data.target(of: example) {
                    unsafe append(inputIds: ids, types: labels, target: target, exampleIndex: example)
                } else if let count = data.chosenCount(of: example) {
                    for range in [0..<count, count..<ids.count] {
                        unsafe append(
                            inputIds: UnsafeBufferPointer(rebasing: ids[range]),
                            labels: UnsafeBufferPointer(rebasing: labels[range]), exampleIndex: example)
                    }
                } else {
                    unsafe append(inputIds: ids, labels: labels, exampleIndex: example)
                }
            }
        }
    }

    /// Adds one example as a segment of its own; labels are not shifted. No pairs.
    package mutating func append(_ example: EncodedExample, exampleIndex: Int) {
        if example.isImage, let target = example.target {
            let pixels = example.inputIds.lazy.map { Float(bitPattern: UInt32(bitPattern: $0)) }
            return append(pixels: pixels, target: target, exampleIndex: exampleIndex)
        }
        unsafe example.inputIds.withUnsafeBufferPointer { ids in
            guard let target = example.target else {
                unsafe example.labels.withUnsafeBufferPointer {
                    unsafe append(inputIds: ids, labels: $0, exampleIndex: exampleIndex)
                }
                return
            }
            unsafe example.tokenTypes.withUnsafeBufferPointer {
                unsafe append(inputIds: ids, types: $0, target: target, exampleIndex: exampleIndex)
            }
        }
    }

    /// Adds a whole sequence as a segment that is judged as `target`; nothing is shifted.
    ///
    /// - Parameter types: the token type of each token; empty where all are 0.
    package mutating func append(
        inputIds ids: UnsafeBufferPointer<Int32>, types: UnsafeBufferPointer<Int32>, target: SegmentTarget,
        exampleIndex: Int
    ) {
        precondition(types.isEmpty || types.count == ids.count, "\(types.count) types of \(ids.count) tokens")
        if unsafe types.contains(where: { $0 != 0 }) {
            tokenTypes = unsafe (tokenTypes ?? Array(repeating: 0, count: inputIds.count)) + types
        } else {
            tokenTypes?.append(contentsOf: repeatElement(0, count: ids.count))
        }
        unsafe inputIds += ids
        targets += repeatElement(EncodedExample.ignored, count: ids.count)
        segmentTargets.append(target)
        supervisedCount += 1
        layout.append(ids.count)
        exampleIndices.append(exampleIndex)
    }
}
