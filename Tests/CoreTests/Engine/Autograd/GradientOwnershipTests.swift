import CatenaEngine

#if DEBUG
    import CatenaEngine
    import Testing

    @Suite("Ownership of gradients, which debug builds check")
    struct GradientOwnershipTests {
        @Test("adding to a gradient that another variable still holds ends the program")
        func shared() async {
            await #expect(processExitsWith: .failure) {
                let engine = Engine(threads: 1)
                func zeros() -> Tensor { engine.memory.zeros(rows: 1, columns: 4) }
                let (x, y) = (Variable(zeros(), requiresGradient: true), Variable(zeros(), requiresGradient: true))
                let gradient = zeros()
                x.adoptGradient(gradient, engine: engine)
                y.adoptGradient(gradient, engine: engine)
                x.adoptGradient(zeros(), engine: engine)
            }
        }

        @Test("once the other has given it up, it may be added to")
        func alone() {
            let engine = Engine(threads: 1)
            func zeros() -> Tensor { engine.memory.zeros(rows: 1, columns: 4) }
            let (x, y) = (Variable(zeros(), requiresGradient: true), Variable(zeros(), requiresGradient: true))
            let gradient = zeros()
            x.adoptGradient(gradient, engine: engine)
            y.adoptGradient(gradient, engine: engine)
            #expect(y.takeGradient() != nil)
            x.adoptGradient(zeros(), engine: engine)
            #expect(x.gradient != nil)
        }
    }
#endif
