public import CatenaEngine

/// What a method does beside the optimizer in each step: penalties on its parameters, decisions about its rank.
///
/// Every process calls it with the same numbers and must come to the same result.
public protocol AdapterRule: AnyObject {
    /// Numbers that are needed to go on after a restart, beside parameters and buffers.
    var state: [(name: String, values: Tensor)] { get }
    /// Numbers in them, without making them.
    var stateElements: Int { get }
    /// Called once, before the first step of a start, also after a resume.
    ///
    /// - Throws: ``AdapterError`` if the method's schedule does not fit the run.
    func prepare(_ run: AdapterRun) throws
    /// Whether penalties come after the clipping of the loss's gradient or take part in it.
    var penaltyFollowsClipping: Bool { get }
    /// Adds `scale` times the gradient of the penalty to the parameters' gradients.
    ///
    /// - Returns: the penalty.
    func addPenalty(to parameters: ParameterSet, scale: Double) -> Double
    /// Called before the optimizer's update of a step, counted from 1, with the numbers that ``afterUpdate(_:gradientScale:step:)`` gets.
    func beforeUpdate(_ parameters: ParameterSet, gradientScale: Double, step: Int)
    /// Called after the optimizer's update of a step, counted from 1; the step's gradient is `gradientScale` times that in `parameters`.
    func afterUpdate(_ parameters: ParameterSet, gradientScale: Double, step: Int)
}

extension AdapterRule {
    public var state: [(name: String, values: Tensor)] { [] }
    public var stateElements: Int { state.reduce(0) { $0 + $1.values.count } }
    public func prepare(_ run: AdapterRun) throws {}
    public var penaltyFollowsClipping: Bool { false }
    public func addPenalty(to parameters: ParameterSet, scale: Double) -> Double { 0 }
    public func beforeUpdate(_ parameters: ParameterSet, gradientScale: Double, step: Int) {}
    public func afterUpdate(_ parameters: ParameterSet, gradientScale: Double, step: Int) {}
}

/// What a rule may know about the run.
public struct AdapterRun: Sendable {
    /// Steps of the whole run.
    public let totalSteps: Int
    /// The highest learning rate of the schedule.
    public let peakLearningRate: Double
    /// Completed steps when the present adapter begins and when it ends, as far as that is planned: the whole run, or one
    /// link of a chain.
    public let steps: Range<Int>

    /// Describes a run; `steps` is all of it unless given.
    public init(totalSteps: Int, peakLearningRate: Double, steps: Range<Int>? = nil) {
        self.totalSteps = totalSteps
        self.peakLearningRate = peakLearningRate
        self.steps = steps ?? 0..<totalSteps
    }
}
