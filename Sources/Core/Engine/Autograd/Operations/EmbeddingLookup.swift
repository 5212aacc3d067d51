extension Tape {
    /// Row `ids[i]` of the table for every i: table `[V, D]`, result `[N, D]`.
    ///
    ///     dTable[ids[i]] += dY[i]
    ///
    /// Every id is a row of the table; whoever reads ids from files checks them.
    public func embeddingLookup(_ ids: [Int32], table: Variable) -> Variable {
        let rows = Int32(clamping: table.value.rows)
        precondition(ids.allSatisfy { $0 >= 0 && $0 < rows }, "a token id outside the table of \(rows) rows")
        let engine = engine
        let y = engine.memory.activation(rows: ids.count, columns: table.value.columns)
        Kernels.embeddingGather(
            engine.threads, table: table.value.pointer, ids: ids, out: y.pointer, rows: ids.count,
            width: y.columns)
        let output = Variable(y, requiresGradient: table.requiresGradient)
        record(output) { dY in
            table.addGradient(engine.memory) { dTable, accumulate in
                if !accumulate { dTable.fill(0) }
                Kernels.embeddingScatterAdd(
                    engine.threads, dOut: dY.pointer, ids: ids, dTable: dTable.pointer, rows: ids.count,
                    width: dTable.columns)
            }
        }
        return output
    }

    /// The same with a frozen table, which gets no gradient.
    public func embeddingLookup(_ ids: [Int32], frozen table: any FrozenWeight) -> Variable {
        let rows = Int32(clamping: table.outFeatures)
        precondition(ids.allSatisfy { $0 >= 0 && $0 < rows }, "a token id outside the table of \(rows) rows")
        let y = engine.memory.activation(rows: ids.count, columns: table.inFeatures)
        engine.threads.runRows(ids.count, minimumPerTask: 64) { range in
            for index in range {
                let id = Int(ids[index])
                table.decode(rows: id..<id + 1, into: y.pointer + index * y.columns)
            }
        }
        return Variable(y, requiresGradient: false)
    }
}
