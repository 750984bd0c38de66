import ModelFormat
import ModelGraph

/// An activation of a recurrent layer, by ONNX's name for it.
struct GateFunction: Equatable, Sendable {
  /// Inner function, on β × x where `argumentFactor` is one.
  var function: ElementFunction
  /// tanh(β x) × α is the one that is more than a unary function of the runtime.
  var scale: (factor: Float, argument: Float) = (1, 1)

  var isScaled: Bool { scale != (1, 1) }

  func callAsFunction(_ x: Float) -> Float { isScaled ? scale.factor * function(scale.argument * x) : function(x) }

  static func == (a: GateFunction, b: GateFunction) -> Bool { a.function == b.function && a.scale == b.scale }

  /// The activations of one layer in order: names, and the alphas and betas that those of them take which have such parameters.
  /// - Parameter defaults: for each direction, where the layer names none.
  static func reading(_ description: OperatorDescription, defaults: [String], directions: Int) throws(OperatorError) -> [[GateFunction]] {
    var names = [String](repeating: "", count: 0)
    switch description.attributes["activations"] {
    case nil: break
    case .strings(let given): names = given
    case .some: throw OperatorError(.invalid, "attribute 'activations' is not a list of strings")
    }
    if names.isEmpty { names = (0..<directions).flatMap { _ in defaults } }
    guard names.count == directions * defaults.count else {
      throw OperatorError(.invalid, "names \(names.count) activations for \(directions) directions of \(defaults.count)")
    }
    var alphas = (try description.floats("activation_alpha") ?? [])[...]
    var betas = (try description.floats("activation_beta") ?? [])[...]
    var functions: [GateFunction] = []
    for name in names { functions.append(try named(name, &alphas, &betas)) }
    return (0..<directions).map { Array(functions[$0 * defaults.count..<($0 + 1) * defaults.count]) }
  }

  private static func named(_ name: String, _ alphas: inout ArraySlice<Float>, _ betas: inout ArraySlice<Float>) throws(OperatorError) -> GateFunction {
    func alpha(_ fallback: Float) -> Float { alphas.popFirst() ?? fallback }
    func beta(_ fallback: Float) -> Float { betas.popFirst() ?? fallback }
    switch name.lowercased() {
    case "relu": return GateFunction(function: ElementFunction(.clamp, alpha: 0, beta: .infinity))
    case "tanh": return GateFunction(function: ElementFunction(.tanh))
    case "sigmoid": return GateFunction(function: ElementFunction(.sigmoid))
    case "softsign": return GateFunction(function: ElementFunction(.softsign))
    case "softplus": return GateFunction(function: ElementFunction(.softplus))
    case "affine": return GateFunction(function: ElementFunction(.affine, alpha: alpha(1), beta: beta(0)))
    case "leakyrelu": return GateFunction(function: ElementFunction(.leakyRelu, alpha: alpha(0.01)))
    case "thresholdedrelu": return GateFunction(function: ElementFunction(.thresholdedRelu, alpha: alpha(1)))
    case "hardsigmoid": return GateFunction(function: ElementFunction(.hardSigmoid, alpha: alpha(0.2), beta: beta(0.5)))
    case "elu": return GateFunction(function: ElementFunction(.elu, alpha: alpha(1)))
    case "scaledtanh": return GateFunction(function: ElementFunction(.tanh), scale: (alpha(1), beta(1)))
    default: throw OperatorError(.unsupported, "its activation '\(name)' is not one of ONNX's")
    }
  }
}
