import CKernels

extension Kernels {
    /// One AdamW step with decoupled weight decay, g = gradientScale gradient:
    ///
    ///     parameter *= 1 - learningRate weightDecay
    ///     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
    ///     parameter -= learningRate (m / biasCorrection1) / (sqrt(v / biasCorrection2) + epsilon)
    ///
    /// with biasCorrection1 = 1 - beta1^step and biasCorrection2 = 1 - beta2^step.
    /// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
    public static func adamW(
        _ pool: ThreadPool, parameter: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        m: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, count: Int, learningRate: Float, beta1: Float,
        beta2: Float, epsilon: Float, weightDecay: Float, biasCorrection1: Float, biasCorrection2: Float,
        gradientScale: Float
    ) {
        ck_adamw(
            pool.handle, parameter, gradient, m, v, Int64(count), learningRate, beta1, beta2, epsilon, weightDecay,
            biasCorrection1, biasCorrection2, gradientScale)
    }

    /// One step of SGD with momentum, g = gradientScale gradient + weightDecay parameter:
    ///
    ///     buffer = firstStep ? g : momentum buffer + g
    ///     parameter -= learningRate buffer
    public static func sgdMomentum(
        _ pool: ThreadPool, parameter: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        buffer: UnsafeMutablePointer<Float>, count: Int, learningRate: Float, momentum: Float, weightDecay: Float,
        firstStep: Bool, gradientScale: Float
    ) {
        ck_sgd_momentum(
            pool.handle, parameter, gradient, buffer, Int64(count), learningRate, momentum, weightDecay, firstStep,
            gradientScale)
    }
}
