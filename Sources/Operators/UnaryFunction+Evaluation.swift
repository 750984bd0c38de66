import Glibc
public import ModelFormat

extension UnaryFunction {
  /// The function's plain value, the oracle of every kernel and the source of every table.
  public func callAsFunction(_ x: Float, alpha: Float = 0, beta: Float = 0) -> Float {
    switch self {
    case .identity: x
    case .clamp: min(max(x, alpha), beta)
    case .sigmoid: Self.logistic(x)
    case .silu: x * Self.logistic(x)
    case .tanh: tanhf(x)
    case .leakyRelu: x < 0 ? alpha * x : x
    case .hardSigmoid: min(max(alpha * x + beta, 0), 1)
    case .hardSwish: x * min(max(alpha * x + beta, 0), 1)
    case .exp: expf(x)
    case .log: logf(x)
    case .sqrt: x.squareRoot()
    case .reciprocal: 1 / x
    case .negate: -x
    case .absolute: x.magnitude
    case .erf: erff(x)
    case .gelu: 0.5 * x * (1 + erff(x * 0.70710678))
    case .elu: x < 0 ? alpha * expm1f(x) : x
    case .softplus: Self.softplus(x)
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .power: powf(x, alpha)
    case .affine: alpha * x + beta
    case .mish: x * tanhf(Self.softplus(x))
    case .sine: sinf(x)
    case .cosine: cosf(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .tangent: tanf(x)
    case .arcsine: asinf(x)
    case .arccosine: acosf(x)
    case .arctangent: atanf(x)
    case .sinh: sinhf(x)
    case .cosh: coshf(x)
    case .asinh: asinhf(x)
    case .acosh: acoshf(x)
    case .atanh: atanhf(x)
    case .softsign: x / (1 + x.magnitude)
    case .selu: beta * (x > 0 ? x : alpha * expm1f(x))
    case .celu: x > 0 ? x : alpha * expm1f(x / alpha)
    case .thresholdedRelu: x > alpha || x.isNaN ? x : 0
    case .shrink: x < -alpha ? x + beta : x > alpha ? x - beta : x.isNaN ? x : 0
    case .geluTanh: 0.5 * x * (1 + tanhf(0.7978845608 * (x + 0.044715 * x * x * x)))
    case .swish: x * Self.logistic(alpha * x)
    }
  }

  /// The value in double precision, where float would lose range or digits that other operators keep; nil for the rest.
  func callAsFunction(double x: Double, alpha: Float, beta: Float) -> Double? {
    switch self {
    case .identity: x
    case .clamp: min(max(x, Double(alpha)), Double(beta))
    case .exp: Glibc.exp(x)
    case .log: Glibc.log(x)
    case .sqrt: x.squareRoot()
    case .reciprocal: 1 / x
    case .negate: -x
    case .absolute: x.magnitude
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .power: Glibc.pow(x, Double(alpha))
    case .affine: Double(alpha) * x + Double(beta)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    default: nil
    }
  }

  private static func logistic(_ x: Float) -> Float { 1 / (1 + expf(-x)) }

  /// log(1 + exp(x)) without overflow.
  private static func softplus(_ x: Float) -> Float { max(x, 0) + log1pf(expf(-x.magnitude)) }
}

/// The power, as the C library has it.
func raised(_ base: Float, to exponent: Float) -> Float { powf(base, exponent) }
