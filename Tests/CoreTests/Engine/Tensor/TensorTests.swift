import CatenaEngine
import Testing

@Suite("Tensor")
struct TensorTests {
    private let memory = TensorMemory()

    @Test("rows are views of the same memory, in row-major order")
    func rows() {
        let tensor = memory.tensor((0..<12).map(Float.init), rows: 4, columns: 3)
        let view = tensor.rows(1..<3)
        #expect(view.elements() == [3, 4, 5, 6, 7, 8])
        view.fill(0)
        #expect(tensor.elements() == [0, 1, 2, 0, 0, 0, 0, 0, 0, 9, 10, 11])
        #expect(tensor.rows(2..<2).count == 0)
    }

    @Test("copying a tensor copies the reference, copy(from:) the numbers")
    func copies() {
        let first = memory.tensor([1, 2], rows: 1, columns: 2)
        let reference = first
        let second = memory.tensor(rows: 1, columns: 2)
        second.copy(from: first)
        first.fill(5)
        #expect(reference.elements() == [5, 5])
        #expect(second.elements() == [1, 2])
    }

    @Test("zeros are zeros even in reused memory")
    func zeros() {
        do { memory.tensor(rows: 3, columns: 200).fill(7) }
        #expect(memory.zeros(rows: 3, columns: 200).elements().allSatisfy { $0 == 0 })
    }

    @Test("memory begins at a cache line")
    func alignment() {
        for columns in [1, 100, 5000] {
            #expect(UInt(bitPattern: memory.tensor(rows: 1, columns: columns).pointer) % 64 == 0)
        }
    }
}
