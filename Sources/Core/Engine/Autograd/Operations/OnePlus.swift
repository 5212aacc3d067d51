extension Tape {
    /// `Y = 1 + X` elementwise; for scales that files hold as their difference from 1.
    ///
    ///     dX = dY
    public func onePlus(_ x: Variable) -> Variable {
        let engine = engine
        let output = Variable(x.value.onePlus(), requiresGradient: x.requiresGradient)
        record(output) { dY in
            x.addGradient(engine.memory) { dX, accumulate in
                if accumulate { engine.add(dY, into: dX) } else { dX.copy(from: dY) }
            }
        }
        return output
    }
}

extension Tensor {
    /// 1 + x, in memory of its own.
    package func onePlus() -> Tensor {
        let result = TensorMemory().tensor(rows: rows, columns: columns)
        for index in 0..<count { result.pointer[index] = 1 + pointer[index] }
        return result
    }
}
